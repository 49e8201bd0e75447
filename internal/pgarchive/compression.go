package pgarchive

import (
	"compress/zlib"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Kinds of compression, as in the header (pg_compress_algorithm, compression.h).
const (
	compressionNone = iota
	compressionGzip
	compressionLZ4
	compressionZstd
)

// decompressed returns what a compressed stream holds. An empty one holds
// nothing.
func decompressed(in io.Reader, compression byte) io.Reader {
	switch compression {
	case compressionGzip:
		return &lazy{in: in, open: func(in io.Reader) (io.Reader, error) { return zlib.NewReader(in) }}
	case compressionLZ4:
		return &lazy{in: in, open: func(in io.Reader) (io.Reader, error) { return lz4.NewReader(in), nil }}
	case compressionZstd:
		return &lazy{in: in, open: openZstd}
	}
	return in
}

// openZstd decompresses in the goroutine that reads.
func openZstd(in io.Reader) (io.Reader, error) {
	return zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow))
}

// maxWindow bounds the memory that a compressed stream can ask for: that of
// zstd's highest level.
const maxWindow = 128 << 20

// lazy opens a stream when it is first read.
type lazy struct {
	in   io.Reader
	open func(io.Reader) (io.Reader, error)
	out  io.Reader
}

func (l *lazy) Read(p []byte) (int, error) {
	if l.out == nil {
		out, err := l.open(l.in)
		if err != nil {
			return 0, err
		}
		l.out = out
	}
	return l.out.Read(p)
}
