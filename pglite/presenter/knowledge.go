package presenter

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// knowledge is what a Presenter and a Tx do with knowledge bases.
type knowledge struct{ runner }

// noKnowledge is where statements about knowledge bases run if there are none.
type noKnowledge struct{}

var errNotAsked = fmt.Errorf("%w: Config.Knowledge is not set", ErrKnowledge)

func (noKnowledge) Exec(context.Context, string, ...any) (tag pgconn.CommandTag, _ error) {
	return tag, errNotAsked
}

func (noKnowledge) Query(context.Context, func(pgx.Rows) error, string, ...any) error {
	return errNotAsked
}

func (noKnowledge) QueryWith(context.Context, string, func(pgx.Rows) error, string, ...any) error {
	return errNotAsked
}

func (noKnowledge) CopyFrom(context.Context, string, []string, pgx.CopyFromSource) (int64, error) {
	return 0, errNotAsked
}

func (noKnowledge) CopyBinary(context.Context, string, []string, io.Reader) (int64, error) {
	return 0, errNotAsked
}

func (noKnowledge) Begin(context.Context) (*session, error) { return nil, errNotAsked }

// checkPgvector asks whether the server has pgvector at all, before a migration
// fails for want of it.
func (p *Presenter) checkPgvector(ctx context.Context) error {
	const op = "looking for pgvector"
	exists, err := queryOne(ctx, p.runner, op, "", pgx.RowTo[bool], "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')")
	if err != nil {
		return err
	}
	if !exists {
		return wrap(op, "", fmt.Errorf("%w: this server has no pgvector", ErrKnowledge))
	}
	return nil
}

// knowPgvector finds out what the pgvector of the database can do.
func (p *Presenter) knowPgvector(ctx context.Context) error {
	const op = "looking for pgvector"
	version, err := queryOne(ctx, p.runner, op, "", pgx.RowTo[string],
		"SELECT extversion FROM pg_extension WHERE extname = 'vector' AND to_regtype('vector') IS NOT NULL")
	if err != nil {
		return fmt.Errorf("%w: %w: the type vector is not in the search_path", ErrKnowledge, err)
	}
	p.cfg.iterative = atLeast(version, 0, 8)
	return nil
}

// atLeast compares the beginning of a version such as 0.8.7.
func atLeast(version string, major, minor int) bool {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	x, err := strconv.Atoi(first)
	y, err2 := strconv.Atoi(second)
	return err == nil && err2 == nil && (x > major || x == major && y >= minor)
}
