package vfs

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// LoadTar unpacks a tar archive into the directory at of v, which exists, and
// syncs what it made. It takes directories and regular files in any format
// that [archive/tar] reads, as PGlite's dumpDataDir writes them; names may
// begin with a slash and are relative to at nevertheless. Modes and times of
// modification are kept, owners are not. Of entries with the same name the
// last one wins, and also over a file that was there. An archive that does not
// end as archives do, with zeros, was cut off and is an error.
//
// The reader is read up to the end of the archive, not to its own end.
//
// Nothing is made outside of at: a name with ".." is an error, as are links,
// devices and anything else, and no existing link is followed. After an error
// what was unpacked so far stays.
func LoadTar(v Volume, r io.Reader, at string, o TarOptions) error {
	l := newTarLoader(v, at, o)
	in := &countingReader{r: r}
	tr := tar.NewReader(in)
	return l.load(tr, in.count, func(h *tar.Header, name string) error {
		return l.copyFile(tr, h, name)
	})
}

// LoadTarBytes is LoadTar of an archive in memory. A [Memory] then reads the
// contents of files in place, so data must not change as long as it or a fork
// of it is in use; see [Memory.WriteFile].
func LoadTarBytes(v Volume, data []byte, at string, o TarOptions) error {
	l := newTarLoader(v, at, o)
	r := bytes.NewReader(data)
	read := func() int64 { return int64(len(data) - r.Len()) }
	return l.load(tar.NewReader(r), read, func(h *tar.Header, name string) error {
		rest := data[len(data)-r.Len():] // Next stops where the content begins
		if h.Size > int64(len(rest)) {
			return badEntry(h.Name, "is cut off")
		}
		return writeFile(v, name, rest[:h.Size:h.Size], l.mode(h))
	})
}

// countingReader counts what was read of a reader.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *countingReader) count() int64 { return c.n }

type tarLoader struct {
	vol     Volume
	at      string
	o       TarOptions
	entries int
	bytes   int64
	files   map[string]struct{}
	dirs    map[string]struct{}
	buf     []byte
}

func newTarLoader(v Volume, at string, o TarOptions) *tarLoader {
	return &tarLoader{
		vol: v, at: at, o: o.withDefaults(),
		files: map[string]struct{}{}, dirs: map[string]struct{}{at: {}},
	}
}

// load unpacks an archive. read tells how much of it was read, and file makes a
// regular file.
func (l *tarLoader) load(tr *tar.Reader, read func() int64, file func(h *tar.Header, name string) error) error {
	var end int64 // of the last entry
	for {
		h, err := tr.Next()
		switch {
		case err == io.EOF && read() < end+tarBlock:
			return fmt.Errorf("vfs: loading archive: %w: it is cut off", ErrBadTar)
		case err == io.EOF:
			return l.sync()
		case errors.Is(err, tar.ErrInsecurePath): // names are checked below
		case isTarError(err):
			return fmt.Errorf("vfs: loading archive: %w: %w", ErrBadTar, err)
		case err != nil:
			return fmt.Errorf("vfs: loading archive: %w", err)
		}
		if end = read(); h.Typeflag == tar.TypeReg {
			end += (h.Size + tarBlock - 1) / tarBlock * tarBlock
		}
		if err := l.entry(h, file); err != nil {
			if errors.Is(err, ErrBadTar) {
				return err
			}
			return fmt.Errorf("vfs: loading archive: entry %q: %w", h.Name, err)
		}
	}
}

// isTarError tells whether err comes from the archive and not its reader.
func isTarError(err error) bool {
	return errors.Is(err, tar.ErrHeader) || errors.Is(err, tar.ErrFieldTooLong) ||
		errors.Is(err, io.ErrUnexpectedEOF)
}

func (l *tarLoader) entry(h *tar.Header, file func(h *tar.Header, name string) error) error {
	if l.entries++; l.entries > l.o.MaxEntries {
		return badEntry(h.Name, "is one too many of %d", l.o.MaxEntries)
	}
	switch h.Typeflag {
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeDir, tar.TypeReg:
	default:
		return badEntry(h.Name, "has the type %q", h.Typeflag)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return badEntry(h.Name, "is sparse")
		}
	}
	name, err := l.name(h)
	if err != nil {
		return err
	}
	if h.Typeflag == tar.TypeDir {
		return l.dir(h, name)
	}
	if name == l.at {
		return badEntry(h.Name, "is a file without a name")
	}
	if h.Size > l.o.MaxBytes-l.bytes {
		return badEntry(h.Name, "exceeds the limit of %d bytes", l.o.MaxBytes)
	}
	l.bytes += h.Size
	if err := l.makeWay(name); err != nil {
		return err
	}
	if err := file(h, name); err != nil {
		return err
	}
	l.files[name] = struct{}{}
	return l.setAttr(h, name)
}

// name returns what an entry is called in the volume.
func (l *tarLoader) name(h *tar.Header) (string, error) {
	var elems []string
	if l.at != "." {
		elems = append(elems, l.at)
	}
	for elem := range strings.SplitSeq(h.Name, "/") {
		switch {
		case elem == "" || elem == ".":
			continue
		case elem == "..":
			return "", badEntry(h.Name, "leaves the archive")
		case len(elem) > NameMax || strings.ContainsRune(elem, 0):
			return "", badEntry(h.Name, "has an impossible name")
		}
		elems = append(elems, elem)
	}
	name := strings.Join(elems, "/")
	switch {
	case name == "":
		return ".", nil
	case len(name) >= PathMax:
		return "", badEntry(h.Name, "has an impossible name")
	}
	return name, nil
}

// copyFile writes content as it arrives, so that a header that lies about the
// size costs nothing.
func (l *tarLoader) copyFile(r io.Reader, h *tar.Header, name string) error {
	f, err := l.vol.Open(name, O_WRONLY|O_CREAT, l.mode(h))
	if err != nil {
		return err
	}
	defer f.Close()
	if l.buf == nil {
		l.buf = make([]byte, 256<<10)
	}
	for off := int64(0); off < h.Size; {
		n, err := io.ReadFull(r, l.buf[:min(int64(len(l.buf)), h.Size-off)])
		if _, err := f.WriteAt(l.buf[:n], off); err != nil {
			return err
		}
		switch off += int64(n); {
		case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
			return badEntry(h.Name, "is cut off")
		case err != nil:
			return err
		}
	}
	return nil
}
