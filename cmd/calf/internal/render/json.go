package render

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
)

// A JSON prints each result as an array of objects, one per row, on a line of
// its own. Command tags are not printed.
//
// Values of the types smallint, integer, bigint, real, double precision and
// numeric are numbers with all digits that PostgreSQL gives, unless they are
// infinite or no numbers. Those of boolean, json and jsonb are what they are in
// JSON, NULL is null, and all else is a string with PostgreSQL's text.
//
// Where columns have the same name, the second is called name_2, and so on.
//
// A result that ends early is left without its closing bracket, so that nobody
// takes it for whole.
type JSON struct {
	w       *bufio.Writer
	columns []Column
	keys    [][]byte // with quotes and colon
	rows    int
	buf     []byte
}

// NewJSON returns a Printer that writes to w.
func NewJSON(w io.Writer) *JSON {
	return &JSON{w: bufio.NewWriterSize(w, 64<<10)}
}

// Begin implements [Printer].
func (j *JSON) Begin(columns []Column) error {
	j.columns, j.rows, j.keys = columns, 0, nil
	for _, name := range uniqueNames(columns) {
		j.keys = append(j.keys, append(appendString(nil, []byte(name)), ':'))
	}
	return j.w.WriteByte('[')
}

// Row implements [Printer].
func (j *JSON) Row(values [][]byte) error {
	b := j.buf[:0]
	if j.rows++; j.rows > 1 {
		b = append(b, ',')
	}
	b = append(b, '{')
	for i := range j.columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, j.keys[i]...)
		var v []byte
		if i < len(values) {
			v = values[i]
		}
		b = appendValue(b, j.columns[i].Type, v)
	}
	j.buf = append(b, '}')
	_, err := j.w.Write(j.buf)
	return err
}

// End implements [Printer].
func (j *JSON) End(string) error {
	j.w.WriteString("]\n")
	return j.w.Flush()
}

// Abort implements [Printer].
func (j *JSON) Abort() error {
	j.w.WriteByte('\n')
	return j.w.Flush()
}

// Done implements [Printer].
func (j *JSON) Done(string) error { return nil }

// uniqueNames returns the columns' names, with a number appended to those that
// came before.
func uniqueNames(columns []Column) []string {
	taken := make(map[string]bool, len(columns))
	for _, c := range columns {
		taken[c.Name] = true
	}
	seen := make(map[string]int, len(columns))
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
		seen[c.Name]++
		if seen[c.Name] == 1 {
			continue
		}
		for n := seen[c.Name]; taken[names[i]]; n++ {
			names[i] = c.Name + "_" + strconv.Itoa(n)
			seen[c.Name] = n
		}
		taken[names[i]] = true
	}
	return names
}

// appendValue appends a value in PostgreSQL's text format as JSON.
func appendValue(b []byte, oid uint32, v []byte) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID:
		if isNumber(v) {
			return append(b, v...)
		}
	case pgtype.BoolOID:
		switch string(v) {
		case "t":
			return append(b, "true"...)
		case "f":
			return append(b, "false"...)
		}
	case pgtype.JSONOID, pgtype.JSONBOID:
		// It comes on as many lines as it was written on.
		if out := bytes.NewBuffer(b); json.Compact(out, v) == nil && utf8.Valid(v) {
			return out.Bytes()
		}
	}
	return appendString(b, v)
}

// isNumber reports whether v is a number of JSON.
func isNumber(v []byte) bool {
	isDigit := func(c byte) bool { return '0' <= c && c <= '9' }
	if len(v) > 0 && v[0] == '-' {
		v = v[1:]
	}
	return len(v) > 0 && isDigit(v[0]) && isDigit(v[len(v)-1]) && json.Valid(v)
}

// appendString appends a string with quotes. What is not UTF-8 becomes U+FFFD.
func appendString(b, v []byte) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for len(v) > 0 {
		c := v[0]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(v)
			b = utf8.AppendRune(b, r)
			v = v[n:]
			continue
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < 0x20 || c == 0x7f:
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
		v = v[1:]
	}
	return append(b, '"')
}
