package render

import (
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
)

// Error prints an error of the server as psql does; sql is the statement that
// it is about.
func Error(w io.Writer, e *pgconn.PgError, sql string) error {
	_, err := w.Write(appendMessage(nil, e, sql, true))
	return err
}

// Notice prints a notice of the server as psql does.
func Notice(w io.Writer, n *pgconn.Notice, sql string) error {
	_, err := w.Write(appendMessage(nil, (*pgconn.PgError)(n), sql, false))
	return err
}

// appendMessage is libpq's pqBuildErrorMessage3 with psql's default verbosity,
// in which the context is shown for errors only.
//
// https://github.com/postgres/postgres/blob/REL_18_STABLE/src/interfaces/libpq/fe-protocol3.c
func appendMessage(b []byte, e *pgconn.PgError, sql string, context bool) []byte {
	b = fmt.Appendf(b, "%s:  %s\n", e.Severity, e.Message)
	switch {
	case e.Position > 0:
		b = appendPosition(b, sql, int(e.Position))
	case e.InternalPosition > 0:
		b = appendPosition(b, e.InternalQuery, int(e.InternalPosition))
	}
	for _, part := range []struct{ name, text string }{
		{"DETAIL", e.Detail}, {"HINT", e.Hint}, {"QUERY", e.InternalQuery},
	} {
		if part.text != "" {
			b = fmt.Appendf(b, "%s:  %s\n", part.name, part.text)
		}
	}
	if context && e.Where != "" {
		b = fmt.Appendf(b, "CONTEXT:  %s\n", e.Where)
	}
	return b
}
