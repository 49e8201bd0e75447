package pglite

import (
	"errors"
	"fmt"

	"github.com/calfdb/calf/runtime"
)

var (
	// ErrClosed is returned by the methods of a DB after Close.
	ErrClosed = runtime.ErrClosed
	// ErrLocked is wrapped by the error of Open for a data directory that
	// another DB has open, in this process or another; on Linux also for one
	// that PGlite has open under Node, as far as this user can see that. The
	// text says who it is.
	ErrLocked = errors.New("the data directory is in use")
	// ErrNotPostgres is wrapped by the error of Open for a directory that
	// holds something other than a PostgreSQL data directory.
	ErrNotPostgres = errors.New("not a PostgreSQL data directory")
)

// A VersionError is returned by Open for a data directory of another major
// version of PostgreSQL. The directory is left untouched.
type VersionError struct {
	// Dir is the directory, Found its version (of the file PG_VERSION), and
	// Wanted the version that this program runs.
	Dir, Found, Wanted string
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("pglite: opening %s: the data directory is of PostgreSQL %s, and this is PostgreSQL %s; dump it with its own version and restore the dump",
		e.Dir, e.Found, e.Wanted)
}

// A CrashError says that a process of PostgreSQL crashed. All connections of
// the database are gone; new ones can be made as soon as it has recovered,
// which loses nothing that was committed.
type CrashError = runtime.CrashError
