package presenter

import (
	"encoding/binary"
	"io"
	"math"
	"sync"
)

// copyRows is a reader of PostgreSQL's binary COPY format, made row by row. See
// PostgreSQL's documentation of COPY, "Binary Format"; pgx would write it, too,
// but knows the type vector only on connections on which somebody registered it.
type copyRows struct {
	// next returns the fields of the next row, or io.EOF. They are strings,
	// int32, int64 and []float32, which is a vector.
	next func() ([]any, error)

	mu   sync.Mutex // pgx reads in a goroutine, for which it does not wait if the connection is lost
	buf  []byte
	read int // of buf
	err  error
}

// newCopyRows returns a reader of rows.
func newCopyRows(next func() ([]any, error)) *copyRows {
	// The signature, no flags, and no extension of the header.
	return &copyRows{next: next, buf: []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")}
}

// close makes next be called no more, and waits if it is being called.
func (c *copyRows) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buf, c.read, c.err = nil, 0, io.ErrClosedPipe
}

func (c *copyRows) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.read == len(c.buf) {
		if c.err != nil {
			return 0, c.err
		}
		c.buf, c.read = c.buf[:0], 0
		c.fill()
	}
	n := copy(p, c.buf[c.read:])
	c.read += n
	return n, nil
}

// batch is how many bytes fill makes before they are sent: what pgx sends at
// once.
const batch = 65536

func (c *copyRows) fill() {
	for len(c.buf) < batch {
		row, err := c.next()
		if err == io.EOF {
			c.buf = binary.BigEndian.AppendUint16(c.buf, 0xffff) // the trailer
		}
		if c.err = err; err != nil {
			return
		}
		c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(len(row)))
		for _, field := range row {
			c.buf = appendField(c.buf, field)
		}
	}
}

// appendField appends the length of a value and the value as its type's receive
// function expects it.
func appendField(b []byte, field any) []byte {
	switch v := field.(type) {
	case string:
		return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
	case int32:
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, 4), uint32(v))
	case int64:
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), uint64(v))
	case []float32: // pgvector's vector_recv: dimensions, 0, numbers
		b = binary.BigEndian.AppendUint32(b, uint32(4+4*len(v)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(v))<<16)
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, math.Float32bits(x))
		}
		return b
	}
	panic("BUG: a field that no table of vectors has")
}
