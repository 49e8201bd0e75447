package pgarchive

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// perBlob returns a statement for each of the large objects whose numbers are
// the definition of an entry, a line for each.
func perBlob(e *Entry, before, after string) string {
	var b strings.Builder
	for oid := range strings.Lines(e.defn) {
		b.WriteString(before + strings.TrimSuffix(oid, "\n") + after)
	}
	return b.String()
}

// blobPrivileges returns the statements of an entry that has them for the first
// large object of another entry only, for all of them.
func (a *Archive) blobPrivileges(e *Entry) string {
	var b strings.Builder
	for _, stmt := range splitPrivileges(e.defn) {
		before, after, ok := cutNumber(stmt, "LARGE OBJECT ")
		if !ok || len(e.deps) == 0 || a.byID[e.deps[0]] == nil {
			b.WriteString(stmt) // such as SET SESSION AUTHORIZATION
			continue
		}
		b.WriteString(perBlob(a.byID[e.deps[0]], before, after))
	}
	return b.String()
}

// splitPrivileges splits GRANT, REVOKE and SET SESSION AUTHORIZATION, after
// semicolons outside of quotes.
func splitPrivileges(sql string) (all []string) {
	start := 0
	quoted := byte(0)
	for i := range len(sql) {
		switch c := sql[i]; {
		case quoted != 0:
			if c == quoted {
				quoted = 0
			}
		case c == '"' || c == '\'':
			quoted = c
		case c == ';':
			all = append(all, strings.TrimLeft(sql[start:i+1], "\n")+"\n")
			start = i + 1
		}
	}
	return all
}

// cutNumber cuts a statement around the number that follows a text, outside of
// quotes.
func cutNumber(stmt, text string) (before, after string, ok bool) {
	i := strings.Index(stmt, text)
	if i < 0 || strings.ContainsAny(stmt[:i], `"'`) {
		return "", "", false
	}
	i += len(text)
	rest := strings.TrimLeft(stmt[i:], "0123456789")
	return stmt[:i], rest, len(rest) < len(stmt)-i
}

// A blobScript is the data of large objects as a script that writes it.
type blobScript struct {
	archive *Archive
	entry   *Entry

	blobs  blobSource
	data   io.Reader // of the current large object; nil if there is none
	text   []byte    // what is to be read next
	chunk  []byte
	ending bool
}

// A blobSource has large objects, one after the other.
type blobSource interface {
	// next returns the next one's number and its data, or io.EOF.
	next() (oid int64, data io.Reader, err error)
}

// blobChunk is how much of a large object one statement writes, as in pg_dump
// (LOBBUFSIZE).
const blobChunk = 16 << 10

// invWrite is INV_WRITE, the mode for lo_open to write.
const invWrite = 0x00020000

func (b *blobScript) open() (err error) {
	b.blobs, err = b.archive.data.blobs(b.entry)
	b.text = []byte("BEGIN;\n\n")
	b.chunk = make([]byte, blobChunk)
	return err
}

func (b *blobScript) Read(p []byte) (int, error) {
	for len(b.text) == 0 {
		if b.ending {
			return 0, io.EOF
		}
		if err := b.fill(); err != nil {
			return 0, fmt.Errorf("reading the archive: %s: %w", b.entry.Name(), err)
		}
	}
	n := copy(p, b.text)
	b.text = b.text[n:]
	return n, nil
}

// fill makes the next statement.
func (b *blobScript) fill() error {
	if b.data == nil {
		oid, data, err := b.blobs.next()
		if err == io.EOF {
			b.text, b.ending = append(b.text, "COMMIT;\n\n"...), true
			return nil
		}
		b.data = data
		b.text = fmt.Appendf(b.text, "SELECT pg_catalog.lo_open('%d', %d);\n", oid, invWrite)
		return err
	}
	n, err := io.ReadFull(b.data, b.chunk)
	if n > 0 {
		before, after := `SELECT pg_catalog.lowrite(0, '\x`, "');\n"
		if b.archive.escapes() {
			before = `SELECT pg_catalog.lowrite(0, E'\\x`
		}
		b.text = append(hex.AppendEncode(append(b.text[:0], before...), b.chunk[:n]), after...)
	}
	switch err {
	case nil:
	case io.EOF, io.ErrUnexpectedEOF:
		b.data = nil
		b.text = append(b.text, "SELECT pg_catalog.lo_close(0);\n\n"...)
	default:
		return err
	}
	return nil
}

// tableData is the data of a table.
type tableData struct {
	archive *Archive
	entry   *Entry
	io.Reader
}

func (t *tableData) open() (err error) {
	t.Reader, err = t.archive.data.table(t.entry)
	return err
}

func (t *tableData) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("reading the archive: %s: %w", t.entry.Name(), err)
	}
	return n, err
}

// A source has the data of an archive, in the order of its entries.
type source interface {
	table(e *Entry) (io.Reader, error)
	blobs(e *Entry) (blobSource, error)
}
