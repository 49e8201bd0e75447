package manager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// RunOptions are the limits of [Handle.Run]. The zero value has those of
// database.build.
type RunOptions struct {
	// MaxRows is how many rows a result may have; 0 means 100, and a negative
	// number any. With more, the error is ErrTooManyRows, and nothing happened.
	MaxRows int
	// VectorElements is how many elements of a vector are shown; 0 means 3, and a
	// negative number all. The others become "...".
	VectorElements int
}

// A Result is what a statement returned.
type Result struct {
	// Command is the command tag, such as SELECT 3.
	Command string `json:"command"`
	// Columns and Rows are empty for statements that return no rows. A value is
	// nil, a bool, a json.Number, a json.RawMessage, or a string as PostgreSQL
	// writes it.
	Columns []Column `json:"columns,omitempty"`
	Rows    [][]any  `json:"rows,omitempty"`
}

// A Column is a column of a result.
type Column struct {
	Name string `json:"name"`
	// Type is the OID of its type.
	Type uint32 `json:"type"`
}

// Run runs SQL that somebody else wrote, one or more statements, with limits on
// what comes back, and returns a result for each. It is one transaction in a
// session of its own: if there is an error, a *pgconn.PgError or ErrTooManyRows,
// nothing happened, unless the SQL commits by itself. What must not be in a
// transaction, such as VACUUM, works as the only statement. COPY FROM STDIN
// gets no data, and fails; what COPY TO STDOUT sends counts as rows.
func (h *Handle) Run(ctx context.Context, sql string, o RunOptions) (_ []Result, err error) {
	defer func() { err = wrap(err, "running SQL on database", h.ID()) }()
	if strings.ContainsRune(sql, 0) {
		return nil, fmt.Errorf("%w: the SQL contains NUL", ErrInvalid)
	}
	if o.MaxRows == 0 {
		o.MaxRows = 100
	}
	if o.VectorElements == 0 {
		o.VectorElements = 3
	}
	if _, err := h.db(); err != nil {
		return nil, err
	}
	conn, err := pgconn.ConnectConfig(ctx, &h.ConnConfig().Config)
	if err != nil {
		return nil, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	r := &run{conn: conn, o: o}
	if r.vectors, err = vectorTypes(ctx, conn); err != nil {
		return nil, err
	}
	if _, err := r.send(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	results, err := r.send(ctx, sql)
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) && e.Code == activeTransaction && len(results) == 0 {
		if _, err := r.send(ctx, "ROLLBACK"); err != nil {
			return nil, err
		}
		return r.send(ctx, sql)
	}
	if err != nil {
		return nil, err // closing the connection rolls back
	}
	if _, err := r.send(ctx, "COMMIT"); err != nil { // deferred constraints
		return nil, err
	}
	return results, nil
}

const (
	activeTransaction = "25001" // active_sql_transaction
	// closeTimeout is how long a server may take to notice that a client is gone,
	// and cancelTimeout to hear that a statement is to be cancelled. Both happen in
	// memory.
	closeTimeout  = 5 * time.Second
	cancelTimeout = 5 * time.Second
)

// vectorTypes returns the OIDs of the types whose values are shortened.
func vectorTypes(ctx context.Context, conn *pgconn.PgConn) (map[uint32]bool, error) {
	result := conn.ExecParams(ctx, "SELECT oid FROM pg_type WHERE typname IN ('vector', 'halfvec')", nil, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	types := map[uint32]bool{}
	for _, row := range result.Rows {
		var oid uint32
		if _, err := fmt.Sscan(string(row[0]), &oid); err != nil {
			return nil, err
		}
		types[oid] = true
	}
	return types, nil
}

// A run runs SQL in a session.
type run struct {
	conn    *pgconn.PgConn
	o       RunOptions
	vectors map[uint32]bool
}

// send runs SQL and returns its results up to an error. When the context ends,
// the statement is cancelled.
func (r *run) send(ctx context.Context, sql string) (results []Result, err error) {
	defer context.AfterFunc(ctx, r.cancel)()
	f := r.conn.Frontend()
	f.SendQuery(&pgproto3.Query{String: sql})
	if err := f.Flush(); err != nil {
		return nil, err
	}
	a := &answer{run: r}
	for {
		// The context is not for receiving: the answer is read to its end.
		msg, err := r.conn.ReceiveMessage(context.Background())
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return a.results, err
		}
		if _, done := msg.(*pgproto3.ReadyForQuery); done {
			if a.err != nil && ctx.Err() != nil {
				return a.results, context.Cause(ctx)
			}
			return a.results, a.err
		}
		if err := a.message(msg); err != nil {
			return a.results, err
		}
	}
}

func (r *run) cancel() {
	ctx, stop := context.WithTimeout(context.Background(), cancelTimeout)
	defer stop()
	_ = r.conn.CancelRequest(ctx)
}

// An answer is what comes back of a query.
type answer struct {
	run     *run
	results []Result
	now     Result // of the statement that runs
	err     error  // the server's
}

// message takes a message. An error means that the rest is of no interest.
func (a *answer) message(msg pgproto3.BackendMessage) error {
	switch msg := msg.(type) {
	case *pgproto3.RowDescription:
		for _, f := range msg.Fields {
			a.now.Columns = append(a.now.Columns, Column{string(f.Name), f.DataTypeOID})
		}
	case *pgproto3.DataRow:
		row := make([]any, len(msg.Values))
		for i, v := range msg.Values {
			row[i] = a.run.value(a.now.Columns[i].Type, v)
		}
		return a.row(row)
	case *pgproto3.CopyInResponse:
		f := a.run.conn.Frontend()
		f.Send(&pgproto3.CopyFail{Message: "there is no data for COPY FROM STDIN here"})
		return f.Flush()
	case *pgproto3.CopyOutResponse:
		a.now.Columns = []Column{{"copy", textOID}}
	case *pgproto3.CopyData:
		return a.row([]any{strings.TrimSuffix(strings.ToValidUTF8(string(msg.Data), "�"), "\n")})
	case *pgproto3.CommandComplete:
		a.now.Command = string(msg.CommandTag)
		a.results = append(a.results, a.now)
		a.now = Result{}
	case *pgproto3.ErrorResponse:
		a.err = pgconn.ErrorResponseToPgError(msg)
	}
	return nil
}

func (a *answer) row(row []any) error {
	if a.run.o.MaxRows >= 0 && len(a.now.Rows) == a.run.o.MaxRows {
		return fmt.Errorf("%w: a result has more than %d; select fewer, with LIMIT for example", ErrTooManyRows, a.run.o.MaxRows)
	}
	a.now.Rows = append(a.now.Rows, row)
	return nil
}

// OIDs of types, as pg_type.dat has them.
const (
	boolOID    = 16
	int8OID    = 20
	int2OID    = 21
	int4OID    = 23
	textOID    = 25
	oidOID     = 26
	jsonOID    = 114
	float4OID  = 700
	float8OID  = 701
	numericOID = 1700
	jsonbOID   = 3802
)

// value makes a value of PostgreSQL's text.
func (r *run) value(oid uint32, text []byte) any {
	if text == nil {
		return nil
	}
	s := string(text)
	switch oid {
	case boolOID:
		return s == "t"
	case int2OID, int4OID, int8OID, oidOID, float4OID, float8OID, numericOID:
		if strings.ContainsAny(s, "Ny") { // NaN, Infinity
			return s
		}
		return json.Number(s)
	case jsonOID, jsonbOID:
		return json.RawMessage(s)
	}
	if r.vectors[oid] && r.o.VectorElements >= 0 {
		return shortVector(s, r.o.VectorElements)
	}
	return s
}

// shortVector leaves out the elements of a vector after the first n.
func shortVector(s string, n int) string {
	parts := strings.SplitN(strings.Trim(s, "[]"), ",", n+1)
	if len(parts) <= n {
		return s
	}
	return "[" + strings.Join(append(parts[:n], "..."), ",") + "]"
}
