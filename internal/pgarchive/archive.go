package pgarchive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Magic is how an archive of the custom format begins.
const Magic = "PGDMP"

// An Archive is an archive of which the table of contents has been read. It is
// not safe for concurrent use.
type Archive struct {
	// Database is the name of the database that was dumped, and Server and
	// Dumper are the versions of its server and of pg_dump.
	Database, Server, Dumper string
	// Entries are the table of contents.
	Entries []*Entry

	version     version
	compression byte
	encoding    string // the statement that sets it
	strings     string // the statement that sets standard_conforming_strings
	searchPath  string // the statement that sets it; "" in archives of versions before 11
	byID        map[int64]*Entry
	data        source

	create  bool
	started bool
	pass    pass
	at      int     // of the entry that comes next in this pass
	queue   []*Step // what comes before it
	schema  string  // the current one, in old archives
	space   *string // the current tablespace
	am      string  // the current table access method
}

// version is that of a format: 0x010e00 is 1.14.0.
type version int

// What changed with which version, and with which PostgreSQL.
const (
	oldest           version = 1<<16 | 12<<8       // 9.0: an entry for each large object
	withTableAM      version = 1<<16 | 14<<8       // 12
	withAlgorithm    version = 1<<16 | 15<<8       // 16: the kind of compression in the header
	withBlobMetadata version = 1<<16 | 16<<8       // 17: entries for many large objects; relkind
	newest           version = 1<<16 | 16<<8 | 255 // 17 and 18
)

var (
	errNotAnArchive   = errors.New("this is no archive of pg_dump's")
	errAnotherVersion = errors.New("the archive is of a version that is not supported")
)

// Formats, as in the header (ArchiveFormat, pg_backup.h).
const (
	formatCustom = 1
	formatTar    = 3
)

// New reads the header and the table of contents of an archive. With create,
// the steps create the database that the archive is of and restore into that,
// as pg_restore --create does.
func New(r io.Reader, create bool) (*Archive, error) {
	in, ok := r.(*bufio.Reader)
	if !ok {
		in = bufio.NewReaderSize(r, 64<<10)
	}
	a := &Archive{create: create, byID: map[int64]*Entry{}}
	var err error
	if head, _ := in.Peek(len(Magic)); string(head) == Magic {
		err = a.open(in, formatCustom)
	} else {
		err = a.openTar(in)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the archive: %w", err)
	}
	return a, nil
}

// openTar opens an archive whose table of contents is the first file in a tar
// file.
func (a *Archive) openTar(in io.Reader) error {
	files := tar.NewReader(in)
	h, err := files.Next()
	if err != nil || h.Name != tarContents {
		return errNotAnArchive
	}
	if err := a.open(bufio.NewReader(files), formatTar); err != nil {
		return err
	}
	a.data = &tarSource{files: files}
	return nil
}

// IsTar reports whether a file that begins so is an archive of the tar format.
func IsTar(start []byte) bool {
	return bytes.HasPrefix(start, []byte(tarContents+"\x00")) && len(start) > 262 && string(start[257:262]) == "ustar"
}

// tarContents is the name of the table of contents in a tar file.
const tarContents = "toc.dat"

// open reads everything that comes before the data.
func (a *Archive) open(in *bufio.Reader, format byte) error {
	r := &reader{in: in}
	if err := a.header(r, format); err != nil {
		return err
	}
	n := r.int()
	for ; n > 0 && r.err == nil; n-- {
		e := a.entry(r, format)
		if r.err == nil && (e.ID <= 0 || a.byID[e.ID] != nil) {
			r.fail(fmt.Errorf("%w: entry number %d", errDamaged, e.ID))
		}
		a.Entries = append(a.Entries, e)
		a.byID[e.ID] = e
		switch e.Desc {
		case "ENCODING":
			a.encoding = e.defn
		case "STDSTRINGS":
			a.strings = e.defn
		case "SEARCHPATH":
			a.searchPath = e.defn
		}
	}
	a.data = &customSource{r: r, compression: a.compression}
	return r.err
}

func (a *Archive) header(r *reader, format byte) error {
	for i := range len(Magic) {
		if r.byte() != Magic[i] {
			return errNotAnArchive
		}
	}
	major, minor, revision := r.byte(), r.byte(), r.byte()
	a.version = version(major)<<16 | version(minor)<<8 | version(revision)
	if r.err == nil && (a.version < oldest || a.version > newest) {
		return fmt.Errorf("%w: %d.%d is not between 1.12 and 1.16", errAnotherVersion, major, minor)
	}
	r.intSize, r.offSize = int(r.byte()), int(r.byte())
	if f := r.byte(); r.err == nil && (r.intSize < 1 || r.intSize > 8 || r.offSize > 8 || f != format) {
		return fmt.Errorf("%w: numbers of %d bytes, offsets of %d, format %d", errDamaged, r.intSize, r.offSize, f)
	}
	if a.version >= withAlgorithm {
		a.compression = r.byte()
	} else if r.int() != 0 { // a level, of which -1 is the default
		a.compression = compressionGzip
	}
	if r.err == nil && a.compression > compressionZstd {
		return fmt.Errorf("%w: compression %d", errAnotherVersion, a.compression)
	}
	for range 7 { // a struct tm: when it was made
		r.int()
	}
	a.Database, a.Server, a.Dumper = r.text(), r.text(), r.text()
	return r.err
}
