package pglite

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
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
	// ErrBadArchive is wrapped by the error of Open for a Config.Load that is
	// damaged, was cut off, exceeds a limit, or holds what no data directory
	// has, such as links.
	ErrBadArchive = vfs.ErrBadTar
)

// A VersionError is returned by Open for a data directory, or an archive of one,
// of another major version of PostgreSQL. The directory is left untouched.
type VersionError struct {
	// Dir is the directory, or "" for an archive; Found is its version (of the
	// file PG_VERSION), and Wanted the version that this program runs.
	Dir, Found, Wanted string
}

func (e *VersionError) Error() string {
	object, kind := e.Dir, "data directory"
	if e.Dir == "" {
		object, kind = "an archive", "archive"
	}
	found := e.Found
	for _, r := range releases {
		if strconv.Itoa(r.major) == found {
			found += " (" + strings.Join(r.names, " and ") + ")"
		}
	}
	return fmt.Sprintf("pglite: opening %s: the %s is of PostgreSQL %s, and this is PostgreSQL %s; dump it with its own version and restore the dump",
		object, kind, found, e.Wanted)
}

// isEarlier tells whether an error is that of a version that PGlite had before.
func isEarlier(err error) bool {
	var v *VersionError
	if !errors.As(err, &v) {
		return false
	}
	for _, r := range releases {
		if strconv.Itoa(r.major) == v.Found {
			return true
		}
	}
	return false
}

// A CrashError says that a process of PostgreSQL crashed. All connections of
// the database are gone; new ones can be made as soon as it has recovered,
// which loses nothing that was committed.
type CrashError = runtime.CrashError
