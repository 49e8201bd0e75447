package vfs

import (
	"archive/tar"
	"fmt"
	"io"
	"time"
)

// WriteTar writes the directory at of v as a tar archive, in the form of
// [TarWriter]. Entries are sorted by name, so equal trees make equal archives.
//
// A [Memory] is written as it is at one moment. Of another volume in use every
// file has the size that it had when it was reached; PostgreSQL repairs that
// from its log, as with a base backup.
func WriteTar(v Volume, w io.Writer, at string) error {
	if m, ok := v.(*Memory); ok {
		m = m.Fork()
		defer m.Close()
		v = m
	}
	t := NewTarWriter(w)
	skip := len(at) + 1
	if at == "." {
		skip = 0
	}
	err := Walk(v, at, func(name string, _ Stat) error {
		err := t.add(v, name, name[skip:])
		if ErrnoOf(err) == ENOENT { // it was removed meanwhile
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("vfs: writing archive: %w", err)
	}
	return t.Close()
}

// A TarWriter writes an archive the way PGlite's dumpDataDir does: names begin
// with a slash, directories have no slash at the end, everything belongs to
// user 0. It is ustar, and PAX where that does not suffice.
//
// It is not safe for concurrent use. Without Close the archive has no end, and
// [LoadTar] refuses it.
type TarWriter struct {
	tw  *tar.Writer
	buf []byte
}

// NewTarWriter returns a writer of an archive to w.
func NewTarWriter(w io.Writer) *TarWriter {
	return &TarWriter{tw: tar.NewWriter(w), buf: make([]byte, 256<<10)}
}

// Add adds a directory, without what is in it, or a regular file of v by the
// name that it has there. Nothing is added, and the error is [ENOENT], if there
// is no such file. A symbolic link, or anything else, is an error: the archive
// would not hold what it points to.
func (t *TarWriter) Add(v Volume, name string) error {
	if err := t.add(v, name, name); err != nil {
		return fmt.Errorf("vfs: writing archive: %w", err)
	}
	return nil
}

// AddBytes adds a regular file with the given content.
func (t *TarWriter) AddBytes(name string, content []byte, mode uint32, mtime time.Time) error {
	h := header(Stat{Mode: mode, Size: int64(len(content)), Mtime: mtime}, name, tar.TypeReg)
	err := t.tw.WriteHeader(h)
	if err == nil {
		_, err = t.tw.Write(content)
	}
	if err != nil {
		return fmt.Errorf("vfs: writing archive: %w", err)
	}
	return nil
}

// Close ends the archive. It does not close what is written to.
func (t *TarWriter) Close() error {
	if err := t.tw.Close(); err != nil {
		return fmt.Errorf("vfs: writing archive: %w", err)
	}
	return nil
}

// add adds a file of v, which the archive calls entry.
func (t *TarWriter) add(v Volume, name, entry string) error {
	st, err := v.Lstat(name)
	switch {
	case err != nil:
		return err
	case st.IsDir():
		return t.tw.WriteHeader(header(st, entry, tar.TypeDir))
	case st.IsRegular():
		return t.file(v, name, entry)
	}
	return fmt.Errorf("/%s is neither a directory nor a regular file: %w", entry, ENOTSUP)
}

func (t *TarWriter) file(v Volume, name, entry string) error {
	f, err := v.Open(name, O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.tw.WriteHeader(header(st, entry, tar.TypeReg)); err != nil {
		return err
	}
	for off := int64(0); off < st.Size; {
		part := t.buf[:min(int64(len(t.buf)), st.Size-off)]
		n, err := f.ReadAt(part, off)
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

// TarSize returns how many bytes a file takes in an archive.
func TarSize(st Stat) int64 {
	if !st.IsRegular() {
		return tarBlock
	}
	return tarBlock + (st.Size+tarBlock-1)/tarBlock*tarBlock
}

func header(st Stat, name string, kind byte) *tar.Header {
	h := &tar.Header{
		Typeflag: kind,
		Name:     "/" + name,
		Mode:     int64(st.Mode & 0o7777),
		ModTime:  st.Mtime.Truncate(time.Second),
	}
	if kind == tar.TypeReg {
		h.Size = st.Size
	}
	return h
}
