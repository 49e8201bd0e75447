package pglite

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/calfdb/calf/internal/icudata"
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
	// ErrNeedsICU is wrapped by the error of Open for a database that was
	// opened with Config.ICU before, without it. Its collations may be of
	// languages whose order the guest does not have.
	ErrNeedsICU = errors.New("it was opened with ICU's data of all languages before and may have collations that need it: " +
		"set Config.ICU (calf --icu FILE), or remove the file " + icuName + " if you know better")
	// ErrBadICU is wrapped by the error of ReadICUData for what has no data of
	// ICU 76.
	ErrBadICU = icudata.ErrNoData
	// ErrUpToDate is wrapped by the error of Upgrade for a data directory that
	// is of this version.
	ErrUpToDate = errors.New("the data directory is of this version already")
	// ErrCannotUpgrade is wrapped by the error of Upgrade for a directory that
	// has what cannot be moved. The text says what.
	ErrCannotUpgrade = errors.New("the data directory cannot be upgraded")
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
	found, way := e.Found, "dump it with its own version and restore the dump"
	for _, r := range releases {
		if strconv.Itoa(r.major) == found {
			found += " (" + strings.Join(r.names, " and ") + ")"
		}
	}
	switch {
	case runtime.LegacyGroup(e.Found) == "":
	case e.Dir == "":
		way = "restore it with `calf restore --upgrade`"
	default:
		way = "run `calf upgrade " + e.Dir + "`"
	}
	return fmt.Sprintf("pglite: opening %s: the %s is of PostgreSQL %s, and this is PostgreSQL %s; %s", object, kind, found, e.Wanted, way)
}

// upgradable reports whether an error is about a data directory of an earlier
// version that Upgrade can read.
func upgradable(err error) bool {
	v := (*VersionError)(nil)
	return errors.As(err, &v) && runtime.LegacyGroup(v.Found) != ""
}

// A CrashError says that a process of PostgreSQL crashed. All connections of
// the database are gone; new ones can be made as soon as it has recovered,
// which loses nothing that was committed.
type CrashError = runtime.CrashError
