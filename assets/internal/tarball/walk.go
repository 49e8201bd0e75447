// Package tarball reads gzipped tar files that it does not trust: npm packages and extension bundles.
package tarball

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Bounds of what a tarball may unpack to. PGlite's packages are far below them.
const (
	maxEntries = 50_000
	maxPackage = 1 << 30
	maxBundle  = 256 << 20
)

// entry is a file or folder in a tarball.
type entry struct {
	*tar.Header
	content io.Reader
}

// walk calls visit for every entry of a tarball that unpacks to limit bytes at most. A name that is absolute or leads
// upwards ends the walk with an error, whether anybody wants that entry or not.
func walk(ctx context.Context, gz io.Reader, limit int64, visit func(entry) error) error {
	plain, err := gzip.NewReader(gz)
	if err != nil {
		return broken(err)
	}
	// Headers count too, hence the reader's own limit. Sizes are added up because a sparse file is longer than what is
	// read for it.
	limited := &io.LimitedReader{R: plain, N: limit + maxEntries*1024}
	tr := tar.NewReader(limited)
	var total int64
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		header, err := tr.Next()
		switch {
		case limited.N <= 0:
			return fmt.Errorf("it unpacks to more than %d bytes", limit)
		case err == io.EOF:
			return nil
		case err != nil:
			return broken(err)
		case n == maxEntries:
			return fmt.Errorf("it has more than %d entries", maxEntries)
		case header.Size > limit-total:
			return fmt.Errorf("it unpacks to more than %d bytes", limit)
		}
		total += header.Size
		if escapes(header.Name) {
			return fmt.Errorf("entry %q leads out of the tarball", header.Name)
		}
		if err := visit(entry{header, tr}); err != nil {
			return err
		}
	}
}

func broken(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("it is broken or truncated: %w", err)
}

func escapes(name string) bool {
	if path.IsAbs(name) || strings.ContainsAny(name, "\\\x00") {
		return true
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// read returns the entry's content.
func (e entry) read() ([]byte, error) {
	if e.Typeflag != tar.TypeReg {
		return nil, fmt.Errorf("entry %q is not a regular file", e.Name)
	}
	content, err := io.ReadAll(e.content)
	if err != nil {
		return nil, broken(err)
	}
	return content, nil
}

// clean returns the entry's name as a path, or false for one that names no file.
func (e entry) clean() (string, bool) {
	name := path.Clean(e.Name)
	return name, name != "." && fs.ValidPath(name)
}
