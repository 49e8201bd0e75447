package pgarchive

import (
	"fmt"
	"io"
)

// customSource reads the data of the custom format, which follows the table of
// contents: for each entry that has data, in the same order, a block.
type customSource struct {
	r           *reader
	compression byte
	rest        func() error // reads what is left of the current block
}

// Types of blocks.
const (
	blockData  = 1 // BLK_DATA
	blockBlobs = 3 // BLK_BLOBS
)

func (s *customSource) table(e *Entry) (io.Reader, error) {
	if err := s.find(e, blockData); err != nil {
		return nil, err
	}
	return s.chunks(), nil
}

func (s *customSource) blobs(e *Entry) (blobSource, error) {
	if err := s.find(e, blockBlobs); err != nil {
		return nil, err
	}
	return s.blobBlock(), nil
}

// find goes to the block of an entry, past others.
func (s *customSource) find(e *Entry, want byte) error {
	for {
		if s.rest != nil {
			if err := s.rest(); err != nil {
				return err
			}
			s.rest = nil
		}
		kind, id := s.r.byte(), s.r.int()
		switch {
		case s.r.err != nil:
			return s.r.err
		case kind != blockData && kind != blockBlobs:
			return fmt.Errorf("%w: block of type %d", errDamaged, kind)
		case id == e.ID && kind == want:
			return nil
		case id == e.ID:
			return fmt.Errorf("%w: its block has type %d", errDamaged, kind)
		}
		if kind == blockBlobs {
			s.blobBlock()
		} else {
			s.chunks()
		}
	}
}

// chunks returns the data of a block, which is in chunks: their lengths, and a
// length of 0 at the end.
func (s *customSource) chunks() io.Reader {
	c := &chunks{r: s.r}
	s.rest = func() error { _, err := io.Copy(io.Discard, c); return err }
	return decompressed(c, s.compression)
}

// blobBlock returns the large objects of a block: their numbers, each followed
// by its chunks, and a number of 0 at the end.
func (s *customSource) blobBlock() *customBlobs {
	b := &customBlobs{source: s}
	s.rest = func() error {
		for {
			if _, _, err := b.next(); err != nil {
				if err == io.EOF {
					return nil
				}
				return err
			}
		}
	}
	return b
}

type customBlobs struct {
	source  *customSource
	current *chunks
	ended   bool
}

func (b *customBlobs) next() (int64, io.Reader, error) {
	if b.current != nil {
		if _, err := io.Copy(io.Discard, b.current); err != nil {
			return 0, nil, err
		}
		b.current = nil
	}
	if b.ended {
		return 0, nil, io.EOF
	}
	r := b.source.r
	oid := r.int()
	if r.err != nil {
		return 0, nil, r.err
	}
	if oid == 0 {
		b.ended = true
		return 0, nil, io.EOF
	}
	b.current = &chunks{r: r}
	return oid, decompressed(b.current, b.source.compression), nil
}

// chunks puts chunks together.
type chunks struct {
	r     *reader
	left  int64 // of the current chunk
	ended bool
}

func (c *chunks) Read(p []byte) (int, error) {
	for c.left == 0 {
		if c.ended {
			return 0, io.EOF
		}
		c.left = c.r.int()
		if c.left < 0 {
			c.r.fail(fmt.Errorf("%w: chunk of %d bytes", errDamaged, c.left))
		}
		if c.r.err != nil {
			return 0, c.r.err
		}
		c.ended = c.left == 0
	}
	n, err := c.r.in.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err != nil {
		c.r.fail(err)
		return n, c.r.err
	}
	return n, nil
}
