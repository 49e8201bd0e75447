package dump

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/calfdb/calf/internal/sqlscript"
	"github.com/jackc/pgx/v5/pgconn"
)

// A batch is INSERT statements that go to the server together, which saves the
// time for going there and back. They must be part of one transaction, or it
// would make them one.
type batch struct {
	pieces []sqlscript.Piece
	sql    strings.Builder
}

// maxBatch is the size from which on a batch is sent.
const maxBatch = 64 << 10

// takes reports whether a piece may go with a batch. Where a restore goes on
// after errors, each statement goes alone.
func (rs *restorer) takes(p sqlscript.Piece) bool {
	return p.Kind == sqlscript.Statement && len(p.SQL) < maxBatch && isWord(p.SQL, "insert") && strings.HasSuffix(p.SQL, ";") &&
		rs.cfg.OnError == nil && rs.conn.TxStatus() == 'T' && strings.IndexByte(p.SQL, 0) < 0
}

// add adds a statement to the batch.
func (rs *restorer) add(p sqlscript.Piece) error {
	sql := p.SQL
	if rs.decode != nil {
		var err error
		if sql, err = rs.decode.String(sql); err != nil {
			return err
		}
	}
	rs.batch.pieces = append(rs.batch.pieces, p)
	rs.batch.sql.WriteString(sql)
	rs.batch.sql.WriteByte('\n')
	return nil
}

// send runs the batch. The error comes with the statement that failed.
func (rs *restorer) send() (failed sqlscript.Piece, err error) {
	pieces, sql := rs.batch.pieces, rs.batch.sql.String()
	rs.batch = batch{pieces: pieces[:0]}
	if len(pieces) == 0 {
		return failed, nil
	}
	results := rs.conn.Exec(rs.ctx, sql)
	done := 0
	for results.NextResult() {
		rr := results.ResultReader()
		for rr.NextRow() {
		}
		if _, err := rr.Close(); err == nil {
			done++
		}
	}
	err = results.Close()
	return pieces[failedAt(pieces, done, err)], err
}

// failedAt returns which statement of a batch failed, of which so many were
// done. Where the error has a position, which is in characters and in all that
// was sent, that tells it, also if nothing was done because of the syntax; it
// becomes the position in the statement.
func failedAt(pieces []sqlscript.Piece, done int, err error) int {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Position <= 0 {
		return min(done, len(pieces)-1)
	}
	for i, p := range pieces {
		n := int32(utf8.RuneCountInString(p.SQL)) + 1
		if pg.Position <= n {
			return i
		}
		pg.Position -= n
	}
	return len(pieces) - 1
}
