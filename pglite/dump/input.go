package dump

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"

	"github.com/calfdb/calf/internal/pgarchive"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// A dumpInput is a dump that is read.
type dumpInput struct{ *bufio.Reader }

// headSize is how much of a script is searched for what it needs. Definitions
// of some thousand objects have that size.
const headSize = 1 << 20

// openDump finds out what a dump is: it may be compressed, and a script may be
// in UTF-16, which is what PowerShell makes of the output of a program.
func openDump(r io.Reader, progress func(int64)) (*dumpInput, error) {
	if progress != nil {
		r = &countingReader{r: r, told: progress}
	}
	in := bufio.NewReaderSize(r, 64<<10)
	start, _ := in.Peek(4) // what is wrong with it will show again
	var out io.Reader
	var err error
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		out, err = gzip.NewReader(in)
	case bytes.Equal(start, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		out, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow))
	case bytes.Equal(start, []byte{0x04, 0x22, 0x4d, 0x18}):
		out = lz4.NewReader(in)
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}), bytes.HasPrefix(start, []byte{0xfe, 0xff}):
		out = transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	default:
		out = in
	}
	if err != nil {
		return nil, err
	}
	return &dumpInput{bufio.NewReaderSize(out, headSize)}, nil
}

// maxWindow bounds the memory that zstd can ask for: that of its highest level.
const maxWindow = 128 << 20

// head returns the beginning of a script.
func (in *dumpInput) head() []byte {
	start, _ := in.Peek(headSize)
	return start
}

// isArchive reports whether the dump is an archive of pg_dump's.
func (in *dumpInput) isArchive() bool {
	start, _ := in.Peek(512)
	return bytes.HasPrefix(start, []byte(pgarchive.Magic)) || pgarchive.IsTar(start)
}

// A countingReader tells how much has been read.
type countingReader struct {
	r    io.Reader
	n    int64
	told func(int64)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.told(c.n)
	return n, err
}
