package tree

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// headSize is how much of a file is looked at to know what it is.
const headSize = 64 << 10

// openFile looks at a file, and indexes it if it is an archive.
func (t *Tree) openFile(ctx context.Context, name string, keep Keep) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	s := &tarSource{f: f}
	t.source, t.Container = s, Single
	head, err := readHead(f)
	if err != nil {
		return err
	}
	switch {
	case isTar(head):
		t.Container = Tar
		return t.indexTar(ctx, s)
	case isGzip(head):
		return t.openGzip(ctx, s, keep)
	}
	if t.Kind = kindOfBytes(head); t.Kind == KindZip {
		t.Names = zipNames(f, t.Size)
	}
	return nil
}

// readHead returns the beginning of what is read.
func readHead(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, headSize)) }

// openGzip looks at what is compressed.
func (t *Tree) openGzip(ctx context.Context, s *tarSource, keep Keep) error {
	z, err := gunzip(ctx, s.f)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		t.Kind, t.Truncated = KindDamagedGzip, damage(err)
		return nil
	}
	head, err := readHead(z)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !isTar(head) {
		t.Kind = kindOfBytes(head)
		if err != nil {
			t.Truncated = damage(err)
			if t.Kind == KindEmpty || t.Kind == KindUnknown {
				t.Kind = KindDamagedGzip
			}
		}
		return nil
	}
	t.Container = TarGz
	t.source = &gzSource{s.f}
	return t.indexTarGz(ctx, s.f, keep)
}

// gunzip decompresses a file from its beginning.
func gunzip(ctx context.Context, f *os.File) (io.Reader, error) {
	r := io.NewSectionReader(f, 0, 1<<62)
	z, err := gzip.NewReader(bufio.NewReaderSize(&ctxReader{ctx, r}, 1<<20))
	if err != nil {
		return nil, err
	}
	return &ctxReader{ctx, z}, nil
}

// indexTar finds the files of a tar.
func (t *Tree) indexTar(ctx context.Context, s *tarSource) error {
	tail := &tailReader{r: s.f, seeker: s.f}
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	err := t.index(ctx, tar.NewReader(tail), func(h *tar.Header, file *File) error {
		at, err := s.f.Seek(0, io.SeekCurrent) // the reader stops where the content begins
		if err != nil {
			return err
		}
		file.at, file.Size = at, max(0, min(h.Size, t.Size-at))
		return nil
	})
	return t.endOfArchive(ctx, tail, err)
}

// indexTarGz finds the files of a compressed tar, and keeps some.
func (t *Tree) indexTarGz(ctx context.Context, f *os.File, keep Keep) error {
	z, err := gunzip(ctx, f)
	if err != nil {
		return err // it could be read a moment ago
	}
	tail := &tailReader{r: z}
	archive := tar.NewReader(tail)
	entry := int64(0)
	end := t.index(ctx, archive, func(h *tar.Header, file *File) error {
		file.at = entry
		entry++
		var n int64
		var err error
		if t.kept+h.Size <= maxKept && h.Size >= 0 && keep(file.Name, h.Size) {
			b := make([]byte, h.Size)
			var read int
			read, err = io.ReadFull(archive, b)
			file.kept, n = b[:read], int64(read)
			t.kept += h.Size
		} else {
			n, err = io.Copy(io.Discard, archive)
		}
		file.Size = n
		return err
	})
	if errors.Is(end, io.EOF) {
		// The checksum of what is compressed comes after it.
		if _, err := io.Copy(io.Discard, z); err != nil {
			end = err
		}
	}
	return t.endOfArchive(ctx, tail, end)
}

// index adds the entries of a tar. at is told of each file, before its content is read; its error ends the index after
// that file.
func (t *Tree) index(ctx context.Context, r *tar.Reader, at func(*tar.Header, *File) error) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		h, err := r.Next()
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) { // names are checked below
			return err
		}
		name, ok := cleanName(h.Name)
		switch {
		case !ok:
			t.addOther(clip(h.Name), "entry whose name leads out of the archive")
		case h.Typeflag == tar.TypeDir:
			if name != "." {
				t.addParents(name + "/")
			}
		case isSparse(h):
			t.addOther(name, "sparse file")
		case h.Typeflag == tar.TypeReg, h.Typeflag == tar.TypeCont:
			f := &File{Name: name}
			err := at(h, f)
			t.add(f)
			t.addParents(name)
			if err != nil {
				return err
			}
		case h.Typeflag == tar.TypeSymlink:
			t.addOther(name, "symbolic link to "+clip(h.Linkname))
		case h.Typeflag == tar.TypeLink:
			t.addOther(name, "hard link to "+clip(h.Linkname))
		case h.Typeflag == tar.TypeXGlobalHeader:
		default:
			t.addOther(name, "special file")
		}
	}
}

// endOfArchive notes why the index ended.
func (t *Tree) endOfArchive(ctx context.Context, tail *tailReader, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !errors.Is(err, io.EOF):
		t.Truncated = damage(err)
	case !tail.zeros():
		t.Truncated = errors.New("it ends without an end mark, so something may be missing")
	}
	return nil
}

// damage says in words what an archive's reader found.
func damage(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("it is cut off")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("its compression is damaged: %w", err)
	case errors.Is(err, tar.ErrHeader):
		return fmt.Errorf("it is damaged: %w", err)
	}
	return fmt.Errorf("it cannot be read to its end: %w", err)
}

// addParents adds the folders that a name is in, which need no entries of their own.
func (t *Tree) addParents(name string) {
	for {
		i := strings.LastIndexByte(name, '/')
		if i < 0 || t.dirs[name[:i]] || t.TooMany {
			return
		}
		name = name[:i]
		t.addDir(name)
	}
}

// cleanName makes an entry's name relative. PGlite's begin with a slash.
func cleanName(name string) (string, bool) {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", false
		}
	}
	name = strings.TrimLeft(name, "/")
	if strings.ContainsAny(name, "\x00") || strings.Count(name, "/") > maxDepth {
		return "", false
	}
	return path.Clean("./" + name), true
}

// clip shortens a text of somebody else's.
func clip(s string) string { return s[:min(len(s), 200)] }

func isSparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// tarSource reads files of a tar.
type tarSource struct{ f *os.File }

func (s *tarSource) Close() error { return s.f.Close() }

func (s *tarSource) readAt(f *File, b []byte, off int64) (int, error) { return s.f.ReadAt(b, f.at+off) }

func (s *tarSource) visit(ctx context.Context, parts []part, fn func(Part, io.Reader) error) error {
	for _, p := range parts {
		if err := visitAt(ctx, s.f, p.file.at, p, fn); err != nil {
			return err
		}
	}
	return nil
}

// gzSource reads files of a compressed tar.
type gzSource struct{ f *os.File }

func (s *gzSource) Close() error { return s.f.Close() }

func (s *gzSource) readAt(*File, []byte, int64) (int, error) { return 0, ErrNotKept }

func (s *gzSource) visit(ctx context.Context, parts []part, fn func(Part, io.Reader) error) error {
	z, err := gunzip(ctx, s.f)
	if err != nil {
		return err
	}
	archive := tar.NewReader(z)
	for entry := int64(0); len(parts) > 0; {
		h, err := archive.Next()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return nil // what was found before was visited; the index says that the archive is damaged
		}
		if _, ok := cleanName(h.Name); !ok || isSparse(h) || h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeCont {
			continue
		}
		at := int64(0)
		for len(parts) > 0 && parts[0].file.at == entry {
			p := parts[0]
			parts = parts[1:]
			n, _ := io.CopyN(io.Discard, archive, max(0, p.Off-at))
			content := &counter{r: io.LimitReader(archive, min(p.Len, p.file.Size-p.Off))}
			if err := fn(p.Part, content); err != nil {
				return err
			}
			at += n + content.n
		}
		entry++
	}
	return nil
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// tailReader remembers whether the last block was zeros, which is how a tar ends.
type tailReader struct {
	r      io.Reader
	seeker io.Seeker // nil if it cannot seek
	last   [blockSize]byte
}

func (t *tailReader) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	if n >= blockSize {
		copy(t.last[:], b[n-blockSize:n])
	} else if n > 0 {
		copy(t.last[:], t.last[n:])
		copy(t.last[blockSize-n:], b[:n])
	}
	return n, err
}

func (t *tailReader) zeros() bool { return t.last == [blockSize]byte{} }

// Seek lets a tar's reader skip contents.
func (t *tailReader) Seek(offset int64, whence int) (int64, error) {
	if t.seeker == nil {
		return 0, errors.ErrUnsupported
	}
	return t.seeker.Seek(offset, whence)
}
