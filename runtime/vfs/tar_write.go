package vfs

import (
	"archive/tar"
	"fmt"
	"io"
	"time"
)

// WriteTar writes the directory at of v as a tar archive, the way PGlite's
// dumpDataDir does: names begin with a slash, directories have no slash at the
// end, the directory itself has no entry, everything belongs to user 0. It is
// ustar, and PAX where that does not suffice. Entries are sorted by name, so
// equal trees make equal archives.
//
// A [Memory] is written as it is at one moment. Of another volume in use every
// file has the size that it had when it was reached; PostgreSQL repairs that
// from its log, as with a base backup.
//
// A symbolic link, or anything else that is neither a directory nor a regular
// file, is an error: the archive would not hold what it points to.
func WriteTar(v Volume, w io.Writer, at string) error {
	if m, ok := v.(*Memory); ok {
		v = m.Fork()
	}
	t := &tarWriter{vol: v, tw: tar.NewWriter(w), buf: make([]byte, 256<<10)}
	if err := t.dir(at, ""); err != nil {
		return fmt.Errorf("vfs: writing archive: %w", err)
	}
	return t.tw.Close()
}

type tarWriter struct {
	vol Volume
	tw  *tar.Writer
	buf []byte
}

// dir writes what is in the directory name, which the archive calls entry.
func (t *tarWriter) dir(name, entry string) error {
	h, err := t.vol.Open(name, O_RDONLY, 0)
	if err != nil {
		return err
	}
	list, err := h.ReadDir()
	h.Close()
	if err != nil {
		return err
	}
	for _, e := range list {
		kid := e.Name
		if name != "." {
			kid = name + "/" + kid
		}
		err := t.entry(kid, entry+"/"+e.Name)
		if ErrnoOf(err) == ENOENT {
			continue // it was removed meanwhile
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tarWriter) entry(name, entry string) error {
	st, err := t.vol.Lstat(name)
	switch {
	case err != nil:
		return err
	case st.IsDir():
		if err := t.tw.WriteHeader(header(st, entry, tar.TypeDir)); err != nil {
			return err
		}
		return t.dir(name, entry)
	case st.IsRegular():
		return t.file(name, entry)
	}
	return fmt.Errorf("%s is neither a directory nor a regular file: %w", entry, ENOTSUP)
}

func (t *tarWriter) file(name, entry string) error {
	h, err := t.vol.Open(name, O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer h.Close()
	st, err := h.Stat()
	if err != nil {
		return err
	}
	hdr := header(st, entry, tar.TypeReg)
	hdr.Size = st.Size
	if err := t.tw.WriteHeader(hdr); err != nil {
		return err
	}
	for off := int64(0); off < st.Size; {
		part := t.buf[:min(int64(len(t.buf)), st.Size-off)]
		n, err := h.ReadAt(part, off)
		if err != nil {
			return err
		}
		clear(part[n:]) // it was truncated meanwhile
		if _, err := t.tw.Write(part); err != nil {
			return err
		}
		off += int64(len(part))
	}
	return nil
}

func header(st Stat, name string, kind byte) *tar.Header {
	return &tar.Header{
		Typeflag: kind,
		Name:     name,
		Mode:     int64(st.Mode & 0o7777),
		ModTime:  st.Mtime.Truncate(time.Second),
	}
}
