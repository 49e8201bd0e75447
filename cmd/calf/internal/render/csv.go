package render

import (
	"bufio"
	"bytes"
	"io"
)

// A CSV prints results as comma-separated values (RFC 4180), each with a header
// and with lines that end in a line feed. Command tags are not printed.
//
// NULL is nothing between two commas, or the text that was chosen for it. A
// value that would look the same is quoted, as COPY does it, so that the two
// are told apart and COPY ... (FORMAT csv, HEADER) reads what is printed.
type CSV struct {
	w    *bufio.Writer
	null []byte
	n    int // columns
}

// NewCSV returns a Printer that writes to w, with null for NULL.
func NewCSV(w io.Writer, null string) *CSV {
	return &CSV{w: bufio.NewWriterSize(w, 64<<10), null: []byte(null)}
}

// Begin implements [Printer].
func (c *CSV) Begin(columns []Column) error {
	c.n = len(columns)
	for i, col := range columns {
		c.comma(i)
		c.value([]byte(col.Name))
	}
	return c.w.WriteByte('\n')
}

// Row implements [Printer].
func (c *CSV) Row(values [][]byte) error {
	for i, v := range values {
		c.comma(i)
		if v == nil {
			c.w.Write(c.null)
		} else {
			c.value(v)
		}
	}
	return c.w.WriteByte('\n')
}

// End implements [Printer].
func (c *CSV) End(string) error { return c.w.Flush() }

// Abort implements [Printer]. The rows that came stay printed.
func (c *CSV) Abort() error { return c.w.Flush() }

// Done implements [Printer].
func (c *CSV) Done(string) error { return nil }

func (c *CSV) comma(i int) {
	if i > 0 {
		c.w.WriteByte(',')
	}
}

func (c *CSV) value(v []byte) {
	if !c.needsQuotes(v) {
		c.w.Write(v)
		return
	}
	c.w.WriteByte('"')
	for {
		n := bytes.IndexByte(v, '"')
		if n < 0 {
			break
		}
		c.w.Write(v[:n+1])
		c.w.WriteByte('"')
		v = v[n+1:]
	}
	c.w.Write(v)
	c.w.WriteByte('"')
}

func (c *CSV) needsQuotes(v []byte) bool {
	return bytes.Equal(v, c.null) || bytes.ContainsAny(v, ",\"\r\n") ||
		c.n == 1 && string(v) == `\.` // which would be the end mark of COPY
}
