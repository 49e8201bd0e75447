package presenter

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/calfdb/calf/schema"
)

// Health is how a presenter and its database are: what a health endpoint
// answers, as JSON if it likes.
type Health struct {
	// Ready says that the database answers and has the schema. If it is false,
	// Error says why.
	Ready bool   `json:"ready"`
	Error string `json:"error,omitempty"`
	// LatencyMillis is how long a query took that does nothing, with getting a
	// connection, in milliseconds.
	LatencyMillis float64 `json:"latencyMillis"`
	// ServerVersion is PostgreSQL's, such as 18.6.
	ServerVersion string `json:"serverVersion,omitempty"`
	// SchemaVersion is what the database has, and Pending what it lacks.
	SchemaVersion string   `json:"schemaVersion,omitempty"`
	Pending       []string `json:"pending,omitempty"`
	// ReadOnly says that nothing can be written: the server is a replica, or
	// was told so.
	ReadOnly bool `json:"readOnly"`
	// DatabaseBytes is the size of the database.
	DatabaseBytes int64 `json:"databaseBytes"`
	// Pool is the pool of connections.
	Pool PoolHealth `json:"pool"`
	// Transactions are those of Begin that are open.
	Transactions []OpenTransaction `json:"transactions,omitempty"`
}

// PoolHealth is how a pool of connections is.
type PoolHealth struct {
	Max      int32 `json:"max"`
	Open     int32 `json:"open"`
	Idle     int32 `json:"idle"`
	Acquired int32 `json:"acquired"`
	// Waited is how often somebody had to wait for a connection.
	Waited int64 `json:"waited"`
}

// Health looks at the database. The context bounds how long.
func (p *Presenter) Health(ctx context.Context) Health {
	const op = "looking at health"
	stat := p.pool.Stat()
	h := Health{
		Pool: PoolHealth{
			Max: stat.MaxConns(), Open: stat.TotalConns(), Idle: stat.IdleConns(), Acquired: stat.AcquiredConns(), Waited: stat.EmptyAcquireCount(),
		},
		Transactions: p.explicit.list(),
	}
	start := time.Now()
	_, err := p.exec(ctx, op, "", "SELECT")
	h.LatencyMillis = float64(time.Since(start)) / float64(time.Millisecond)
	if err == nil {
		err = p.look(ctx, op, &h)
	}
	if err != nil {
		h.Error = err.Error()
	}
	h.Ready = err == nil && len(h.Pending) == 0
	if err == nil && !h.Ready {
		h.Error = "presenter: the schema is not up to date"
	}
	return h
}

func (p *Presenter) look(ctx context.Context, op string, h *Health) error {
	_, err := queryOne(ctx, p.runner, op, "", func(row pgx.CollectableRow) (struct{}, error) {
		return struct{}{}, row.Scan(&h.ServerVersion, &h.ReadOnly, &h.DatabaseBytes)
	}, `SELECT split_part(current_setting('server_version'), ' ', 1),
		pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool, pg_database_size(current_database())`)
	if err != nil {
		return err
	}
	if h.SchemaVersion, err = p.SchemaVersion(ctx); err != nil {
		return err
	}
	for _, set := range p.sets() {
		steps, err := schema.Plan(ctx, p.pool, set, schema.Latest)
		if err != nil {
			return err
		}
		for _, step := range steps {
			h.Pending = append(h.Pending, step.String())
		}
	}
	return nil
}
