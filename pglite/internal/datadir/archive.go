package datadir

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/calfdb/calf/internal/relay"
	"github.com/calfdb/calf/runtime/vfs"
)

// Unpack unpacks an archive of a data directory, tar or tar.gz, into an empty
// volume. limit bounds what is in it, in bytes; 0 is the default of vfs.
func Unpack(ctx context.Context, r io.Reader, v vfs.Volume, limit int64) error {
	in := bufio.NewReaderSize(relay.Reader(ctx, r), 64<<10)
	var archive io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) { // RFC 1952
		zr, err := gzip.NewReader(in)
		if err != nil {
			return badGzip(err)
		}
		archive = gunzip{zr}
	}
	if err := vfs.LoadTar(v, archive, ".", vfs.TarOptions{MaxBytes: limit, OwnerOnly: true}); err != nil {
		return err
	}
	// The rest is padding, but only at the end of a tar.gz is its checksum.
	n, err := io.Copy(io.Discard, io.LimitReader(archive, maxPadding))
	if err == nil && n == maxPadding {
		err = fmt.Errorf("%w: something follows it", vfs.ErrBadTar)
	}
	return err
}

// maxPadding is more than what follows the end of an archive: tar pads to a
// multiple of its blocking factor, which is 10 KB and rarely up to 1 MB.
const maxPadding = 2 << 20

// CheckArchive looks at what was unpacked: whether it is a data directory, and
// of this version.
func CheckArchive(v vfs.Volume) error {
	b, err := ReadFile(v, VersionName)
	switch {
	case err == nil:
		return checkVersion("", b)
	case vfs.ErrnoOf(err) != vfs.ENOENT:
		return err
	}
	where := ""
	err = vfs.Walk(v, ".", func(name string, _ vfs.Stat) error {
		if dir, ok := strings.CutSuffix(name, "/"+ControlName); ok && where == "" {
			where = dir
		}
		return nil
	})
	if err != nil {
		return err
	}
	if where != "" {
		return fmt.Errorf("%w: the data directory is in the directory %s of the archive, and has to be at the top", ErrNotPostgres, where)
	}
	return fmt.Errorf("%w: the archive has no %s", ErrNotPostgres, VersionName)
}

// gunzip is a decompressor whose errors tell whether the archive is bad.
type gunzip struct{ r *gzip.Reader }

func (g gunzip) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	return n, badGzip(err)
}

func badGzip(err error) error {
	corrupt := flate.CorruptInputError(0)
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &corrupt) {
		return fmt.Errorf("%w: decompressing: %w", vfs.ErrBadTar, err)
	}
	return err
}

// ReadFile returns the content of a small file.
func ReadFile(v vfs.Volume, name string) ([]byte, error) {
	f, err := v.Open(name, vfs.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, 64<<10)
	n, err := f.ReadAt(b, 0)
	return b[:n], err
}
