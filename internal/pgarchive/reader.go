package pgarchive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// A reader reads the values of which a table of contents is made. The first
// error sticks; every read after it returns zero.
type reader struct {
	in      *bufio.Reader
	intSize int
	offSize int
	err     error
}

// maxString bounds a string. The largest are definitions, such as that of a
// function or of a view.
const maxString = 256 << 20

var errDamaged = errors.New("the archive is damaged")

func (r *reader) fail(err error) {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) byte() byte {
	if r.err != nil {
		return 0
	}
	b, err := r.in.ReadByte()
	if err != nil {
		r.fail(err)
	}
	return b
}

// int reads a number: a byte that says whether it is negative, then its bytes,
// the least one first.
func (r *reader) int() int64 {
	negative := r.byte() != 0
	v := r.unsigned(r.intSize)
	if negative {
		return -v
	}
	return v
}

func (r *reader) unsigned(size int) (v int64) {
	for i := range size {
		v |= int64(r.byte()) << (8 * i)
	}
	if v < 0 {
		r.fail(fmt.Errorf("%w: a number is too large", errDamaged))
		return 0
	}
	return v
}

// string reads a string; ok says that it is not null.
func (r *reader) string() (s string, ok bool) {
	n := r.int()
	switch {
	case n < 0 || r.err != nil:
		return "", false
	case n > maxString:
		r.fail(fmt.Errorf("%w: a string of %d bytes", errDamaged, n))
		return "", false
	}
	var b []byte
	var err error
	if n <= 64<<10 {
		b = make([]byte, n)
		_, err = io.ReadFull(r.in, b)
	} else { // not all at once, or a damaged length would take memory for nothing
		b, err = io.ReadAll(io.LimitReader(r.in, n))
		if err == nil && int64(len(b)) < n {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		r.fail(err)
		return "", false
	}
	return string(b), true
}

// text reads a string that is empty if it is null.
func (r *reader) text() string {
	s, _ := r.string()
	return s
}
