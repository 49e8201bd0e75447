package presenter

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// An IndexKind is a kind of index on vectors.
type IndexKind string

// pgvector's kinds of index.
const (
	// HNSW takes longer to make, finds more, and need not be made anew when the
	// base grows. It is the default.
	HNSW IndexKind = "hnsw"
	// IVFFlat is made quickly, and of what is there: it should be made anew when
	// that has become several times as much.
	IVFFlat IndexKind = "ivfflat"
)

// pgvector's limits.
const (
	// MaxIndexedDimensions is how many numbers an indexed vector can have. From
	// 2001 on the index holds them with half their digits; the nearest of what it
	// finds are chosen by the whole ones.
	MaxIndexedDimensions = 4000
	maxFullDimensions    = 2000
	maxLists             = 32768
)

// IndexOptions describe an index on the vectors of a base. The zero value is
// HNSW as good as it usually has to be.
type IndexOptions struct {
	// Kind is HNSW if empty.
	Kind IndexKind
	// M is how many neighbours an HNSW index notes of a vector, 2 to 100; 0
	// means 16. EfConstruction is how many candidates it considers, from twice M
	// to 1000; 0 means 64. Both are pgvector's own. Twice as many candidates take
	// twice the time, and find more where all vectors are equally far.
	M, EfConstruction int
	// Lists is into how many lists an IVFFlat index divides the vectors; 0 means
	// a thousandth of the number of vectors, at least 10, and from a million on the
	// square root of it, as pgvector advises.
	Lists int
	// Memory is PostgreSQL's maintenance_work_mem for this, such as 256MB; "" is
	// the server's. An HNSW index is made much faster if it fits.
	Memory string
}

// half says that an index holds half of the digits.
func (s space) half() bool { return s.dimensions > maxFullDimensions }

// columnType is the type that an index is on.
func (s space) columnType() string {
	if s.half() {
		return fmt.Sprintf("halfvec(%d)", s.dimensions)
	}
	return fmt.Sprintf("vector(%d)", s.dimensions)
}

// indexName is what the index of a space is called.
func indexName(space int32) string { return fmt.Sprintf("idx_knowledge_vectors_space_%d", space) }

// IndexVectors makes the index that SimilarityQuery uses, in place of the one
// that there is. Reading and writing go on meanwhile (it is created
// concurrently), which is why a Tx cannot do it. It waits for transactions that
// are older. If it fails, there is the index that there was.
func (p *Presenter) IndexVectors(ctx context.Context, baseID string, o IndexOptions) error {
	const op = "indexing vectors of knowledge base"
	s, err := p.knowledge.current(ctx, op, baseID)
	if err != nil {
		return err
	}
	return p.indexSpace(ctx, op, baseID, s, o)
}

func (p *Presenter) indexSpace(ctx context.Context, op, baseID string, s space, o IndexOptions) error {
	definition, err := p.indexDefinition(ctx, op, baseID, s, o)
	if err != nil {
		return err
	}
	// Settings and locks are of a connection.
	err = p.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		return oneConn{p.runner, c, op, baseID}.replaceIndex(ctx, indexName(s.id), definition, o.Memory)
	})
	return wrap(op, baseID, err)
}

// indexDefinition is what follows the index's name.
func (p *Presenter) indexDefinition(ctx context.Context, op, baseID string, s space, o IndexOptions) (string, error) {
	if s.dimensions > MaxIndexedDimensions {
		return "", refuse(op, baseID, invalidParameter, "vectors of %d dimensions cannot be indexed: %d is the most", s.dimensions, MaxIndexedDimensions)
	}
	var with string
	switch o.Kind {
	case "", HNSW:
		o.Kind = HNSW
		if o.M == 0 {
			o.M = 16
		}
		if o.EfConstruction == 0 {
			o.EfConstruction = max(64, 2*o.M)
		}
		with = fmt.Sprintf("m = %d, ef_construction = %d", o.M, o.EfConstruction)
	case IVFFlat:
		if o.Lists == 0 {
			n, err := queryOne(ctx, p.runner, op, baseID, scanInt, "SELECT count(*) FROM knowledge_vectors WHERE space_id = $1", s.id)
			if err != nil {
				return "", err
			}
			o.Lists = listsFor(n)
		}
		with = fmt.Sprintf("lists = %d", o.Lists)
	default:
		return "", refuse(op, baseID, invalidParameter, "there is no kind of index %q", shorten(string(o.Kind)))
	}
	class := "vector_"
	if s.half() {
		class = "halfvec_"
	}
	return fmt.Sprintf("ON knowledge_vectors USING %s ((embedding::%s) %s%s) WITH (%s) WHERE space_id = %d",
		o.Kind, s.columnType(), class, metrics[s.metric].class, with, s.id), nil
}

// listsFor is how many lists an index of so many vectors should have.
func listsFor(n int64) int {
	if n > 1_000_000 {
		return min(int(math.Sqrt(float64(n))), maxLists)
	}
	return max(int(n/1000), 10)
}

// oneConn runs the statements of one operation on one connection.
type oneConn struct {
	runner
	conn   *pgxpool.Conn
	op, id string
}

func (c oneConn) exec(ctx context.Context, sql string, args ...any) error {
	ctx, start := withOperation(ctx, c.op), time.Now()
	tag, err := c.conn.Exec(ctx, sql, args...)
	c.log(ctx, sql, start, tag.RowsAffected(), err)
	return wrap(c.op, c.id, err)
}

// replaceIndex makes an index and then gives it the place of the old one.
func (c oneConn) replaceIndex(ctx context.Context, name, definition, memory string) (err error) {
	fresh := name + "_new"
	// Who waited for a lock would be waited for by CREATE INDEX CONCURRENTLY.
	var locked bool
	if err := c.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtext($1))", fresh).Scan(&locked); err != nil {
		return wrap(c.op, c.id, err)
	}
	if !locked {
		return refuse(c.op, c.id, lockNotAvailable, "somebody else is making it")
	}
	// After a cancelled CREATE INDEX CONCURRENTLY its remains stay.
	always := context.WithoutCancel(ctx)
	defer func() { err = errors.Join(err, c.exec(always, "SELECT pg_advisory_unlock(hashtext($1))", fresh)) }()
	if err := c.exec(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+fresh); err != nil {
		return err
	}
	if memory != "" {
		if err := c.exec(ctx, "SELECT set_config('maintenance_work_mem', $1, false)", memory); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.exec(always, "RESET maintenance_work_mem")) }()
	}
	if err := c.exec(ctx, "CREATE INDEX CONCURRENTLY "+fresh+" "+definition); err != nil {
		if c.conn.Conn().IsClosed() { // the remains are removed next time
			return err
		}
		return errors.Join(err, c.exec(always, "DROP INDEX CONCURRENTLY IF EXISTS "+fresh))
	}
	if err := c.exec(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+name); err != nil {
		return err
	}
	return c.exec(ctx, "ALTER INDEX "+fresh+" RENAME TO "+name)
}

// dropIndex drops the indexes of a space within a transaction. Those that read
// vectors wait for its end.
func (k knowledge) dropIndex(ctx context.Context, op string, space int32) error {
	_, err := k.exec(ctx, op, "", "DROP INDEX IF EXISTS "+indexName(space)+", "+indexName(space)+"_new")
	return err
}

// DropVectorIndex drops the index of a base's vectors, such as before much is
// loaded. It is no error if there is none.
func (p *Presenter) DropVectorIndex(ctx context.Context, baseID string) error {
	const op = "dropping index of knowledge base"
	s, err := p.knowledge.current(ctx, op, baseID)
	if err == nil {
		_, err = p.exec(ctx, op, baseID, "DROP INDEX CONCURRENTLY IF EXISTS "+indexName(s.id))
	}
	return err
}

// A VectorIndex is what there is to know about the index of a base's vectors.
type VectorIndex struct {
	// Kind is empty if there is no index.
	Kind IndexKind `json:"kind,omitempty"`
	// Lists is of IVFFlat.
	Lists int `json:"lists,omitempty"`
	// Bytes is its size.
	Bytes int64 `json:"bytes"`
	// Vectors is how many the base has.
	Vectors int64 `json:"vectors"`
}

// VectorIndex looks at the index of a base's vectors.
func (k knowledge) VectorIndex(ctx context.Context, baseID string) (v VectorIndex, err error) {
	const op = "looking at index of knowledge base"
	s, err := k.current(ctx, op, baseID)
	if err != nil {
		return v, err
	}
	v.Kind, v.Lists = IndexKind(s.index), s.lists
	_, err = queryOne(ctx, k.runner, op, baseID, func(row pgx.CollectableRow) (struct{}, error) {
		return struct{}{}, row.Scan(&v.Vectors, &v.Bytes)
	}, "SELECT (SELECT count(*) FROM knowledge_vectors WHERE space_id = $1), coalesce(pg_relation_size(to_regclass($2)), 0)", s.id, indexName(s.id))
	return v, err
}
