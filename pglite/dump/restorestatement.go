package dump

import (
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/calfdb/calf/internal/sqlscript"
)

// statement runs a statement, with the data that follows in the script if it is
// a COPY FROM STDIN.
func (rs *restorer) statement(sc *sqlscript.Scanner, p sqlscript.Piece) error {
	if strings.IndexByte(p.SQL, 0) >= 0 {
		return errors.New("there is a zero byte in the statement")
	}
	sql := p.SQL
	if do, err := rs.adjust(&sql); !do || err != nil {
		return err
	}
	if rs.decode != nil {
		var err error
		if sql, err = rs.decode.String(sql); err != nil {
			return err
		}
	}
	if p.CopyIn {
		return rs.copyIn(sc, sql)
	}
	tag, err := rs.execTag(sql)
	if err == nil && tag == "ROLLBACK" && (isWord(sql, "commit") || isWord(sql, "end")) {
		err = errors.New("the transaction was rolled back, because a statement in it had failed")
	}
	if err == nil && rs.cfg.SingleTransaction && rs.conn.TxStatus() != 'T' {
		err = &fatalError{errors.New("it ended the single transaction")}
	}
	return err
}

// execTag runs a statement, discards its rows and returns its last command tag.
func (rs *restorer) execTag(sql string) (tag string, err error) {
	results := rs.conn.Exec(rs.ctx, sql)
	for results.NextResult() {
		rr := results.ResultReader()
		for rr.NextRow() {
		}
		t, _ := rr.Close() // its error is that of results, too
		tag = t.String()
	}
	return tag, results.Close()
}

// exec runs a statement.
func (rs *restorer) exec(sql string) error {
	_, err := rs.execTag(sql)
	return err
}

// copyIn runs a COPY FROM STDIN. Its data is read to the end even if the server
// does not take it, as it is no SQL.
func (rs *restorer) copyIn(sc *sqlscript.Scanner, sql string) error {
	data := &failingReader{r: sc.Data(false)}
	var in io.Reader = data
	if rs.decode != nil {
		in = rs.decode.Reader(data)
	}
	_, err := rs.conn.CopyFrom(rs.ctx, in, sql)
	if rs.ctx.Err() != nil || rs.conn.IsClosed() {
		return err // the reader may still be in use
	}
	if _, rest := io.Copy(io.Discard, data); rest != nil {
		return &fatalError{rest} // of reading the dump
	}
	return err
}

// A failingReader remembers why it could not read.
type failingReader struct {
	r   io.Reader
	err error
}

func (f *failingReader) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.r.Read(p)
	f.err = err
	return n, err
}

// maxHead is how much of a statement an error shows.
const maxHead = 80

var spaces = regexp.MustCompile(`\s+`)

// head returns the beginning of a statement, on one line.
func head(sql string) string {
	if len(sql) > 8*maxHead {
		sql = sql[:8*maxHead]
	}
	runes := []rune(strings.ToValidUTF8(spaces.ReplaceAllString(sql, " "), "�"))
	if len(runes) > maxHead {
		return string(runes[:maxHead-1]) + "…"
	}
	return strings.TrimSuffix(string(runes), ";")
}

const codeUndefinedObject = "42704"

func isRoleMissing(message string) bool {
	return strings.HasPrefix(message, "role ") && strings.HasSuffix(message, " does not exist")
}

// isInCopy reports whether the context of an error is a line of a COPY.
func isInCopy(where string) bool { return strings.HasPrefix(where, "COPY ") }
