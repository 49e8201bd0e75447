package pglite

import (
	"errors"

	"github.com/calfdb/calf/internal/icudata"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime"
)

var (
	// ErrClosed is returned by the methods of a DB after Close.
	ErrClosed = runtime.ErrClosed
	// ErrLocked is wrapped by the error of Open for a data directory that
	// another DB has open, in this process or another; on Linux also for one
	// that PGlite has open under Node, as far as this user can see that. The
	// text says who it is.
	ErrLocked = datadir.ErrLocked
	// ErrNotPostgres is wrapped by the error of Open for a directory that
	// holds something other than a PostgreSQL data directory.
	ErrNotPostgres = datadir.ErrNotPostgres
	// ErrNeedsICU is wrapped by the error of Open for a database that was
	// opened with Config.ICU before, without it. Its collations may be of
	// languages whose order the guest does not have.
	ErrNeedsICU = errors.New("it was opened with ICU's data of all languages before and may have collations that need it: " +
		"set Config.ICU (calf --icu FILE), or remove the file " + datadir.ICUName + " if you know better")
	// ErrBadICU is wrapped by the error of ReadICUData for what has no data of
	// ICU 76.
	ErrBadICU = icudata.ErrNoData
)

// A VersionError is returned by Open for a data directory, or an archive of one,
// of another major version of PostgreSQL. The directory is left untouched. Its
// fields are strings: Dir, the directory, or "" for an archive; Found, its
// version; and Wanted, the version that this program runs.
type VersionError = datadir.VersionError

// A CrashError says that a process of PostgreSQL crashed. All connections of
// the database are gone; new ones can be made as soon as it has recovered,
// which loses nothing that was committed.
type CrashError = runtime.CrashError
