package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/calfdb/calf/internal/relay"
	"github.com/calfdb/calf/pglite/dump"
)

// A format is a form that a database can have outside of calf.
type format struct {
	name string
	// suffixes are how names of files in this form end. The first format that
	// fits is meant.
	suffixes []string
	// text says that a terminal can show it, and directory that it is no file.
	text, directory bool
	// connection says that it can be made through a connection, too.
	connection bool
	// dump makes it of a database.
	dump func(ctx context.Context, j *dumpJob) error
	// is tells it by the first bytes.
	is func(head []byte) bool
	// restore makes a database of it.
	restore func(ctx context.Context, j *restoreJob) error
}

// A dumpJob is what a format's dump gets.
type dumpJob struct {
	p        *program
	db       string    // the data directory, or a URL
	out      io.Writer // where to write, or
	dir      string    // the directory to make
	progress func(dump.Progress)
	sql      sqlDump
}

// A restoreJob is what a format's restore gets.
type restoreJob struct {
	p   *program
	db  database  // the data directory, which is new but for SQL
	in  io.Reader // what to read, or
	dir string    // the directory to copy
	sql sqlRestore
}

var formats = []format{
	{name: "tar.gz", suffixes: []string{".tar.gz", ".tgz"}, dump: dumpTarGz, is: isTarGz, restore: restoreArchive},
	{name: "tar", suffixes: []string{".tar"}, dump: dumpTar, is: isTar, restore: restoreArchive},
	{name: "sql", suffixes: []string{".sql"}, text: true, connection: true, dump: dumpSQL(), is: isSQL, restore: restoreFromSQL},
	{name: "sql.gz", suffixes: []string{".sql.gz"}, connection: true, dump: dumpSQLGz, is: isPacked, restore: restoreFromSQL},
	{name: "custom", suffixes: []string{".dump", ".pgdump"}, connection: true, dump: dumpSQL("--format=custom"), is: isPgArchive, restore: restoreFromSQL},
	{name: "directory", suffixes: []string{"/", string(filepath.Separator)}, directory: true, dump: dumpDirectory, restore: restoreDirectory},
}

// formatNamed returns the format of a name, or nil.
func formatNamed(name string) *format {
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &formats[i]
}

// formatOf returns the format that the name of a file speaks of, or nil.
func formatOf(file string) *format {
	for i, f := range formats {
		for _, s := range f.suffixes {
			if strings.HasSuffix(strings.ToLower(file), s) {
				return &formats[i]
			}
		}
	}
	return nil
}

// formatNames lists the formats, for people.
func formatNames() string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// headSize is how much of a file is() looks at.
const headSize = 4096

func isTar(head []byte) bool {
	if isPgArchive(head) { // pg_dump has a tar format, too
		return false
	}
	_, err := tar.NewReader(bytes.NewReader(head)).Next()
	return err == nil || errors.Is(err, io.ErrUnexpectedEOF) && len(head) > 512
}

func isTarGz(head []byte) bool {
	r, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return false
	}
	plain, _ := io.ReadAll(r) // the head is cut off
	return isTar(plain)
}

func dumpTar(ctx context.Context, j *dumpJob) error {
	return dump.Archive(ctx, j.db, j.out, dump.ArchiveConfig{Progress: j.progress})
}

func dumpTarGz(ctx context.Context, j *dumpJob) error {
	z, err := gzip.NewWriterLevel(j.out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := dump.Archive(ctx, j.db, z, dump.ArchiveConfig{Progress: j.progress}); err != nil {
		return err
	}
	return z.Close()
}

func dumpDirectory(ctx context.Context, j *dumpJob) error {
	return relay.Run(
		func(w io.Writer) error {
			return dump.Archive(ctx, j.db, w, dump.ArchiveConfig{Progress: j.progress})
		},
		func(r io.Reader) error { return dump.Restore(ctx, r, j.dir, dump.RestoreConfig{}) })
}

// restoreArchive opens the database that the archive holds: one that cannot be
// opened is not restored. One of an earlier PGlite is upgraded then.
func restoreArchive(ctx context.Context, j *restoreJob) error {
	if j.db.upgrade {
		if err := dump.Restore(ctx, j.in, j.db.dir, dump.RestoreConfig{Earlier: true}); err != nil {
			return err
		}
	} else {
		j.db.load = j.in
	}
	db, err := j.db.open(ctx, j.p)
	if err != nil {
		return err
	}
	return db.Close()
}

func restoreDirectory(ctx context.Context, j *restoreJob) error {
	return relay.Run(
		func(w io.Writer) error { return dump.Archive(ctx, j.dir, w, dump.ArchiveConfig{}) },
		func(r io.Reader) error {
			j.in = r
			return restoreArchive(ctx, j)
		})
}
