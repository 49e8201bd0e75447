package datadir

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/calfdb/calf/runtime"
)

var (
	// ErrLocked is pglite.ErrLocked.
	ErrLocked = errors.New("the data directory is in use")
	// ErrNotPostgres is pglite.ErrNotPostgres.
	ErrNotPostgres = errors.New("not a PostgreSQL data directory")
)

// A VersionError is pglite.VersionError.
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
	for _, r := range Releases {
		if strconv.Itoa(r.Major) == found {
			found += " (" + strings.Join(r.Names, " and ") + ")"
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

// Upgradable reports whether an error is about a data directory of an earlier
// version that Upgrade can read.
func Upgradable(err error) bool {
	v := (*VersionError)(nil)
	return errors.As(err, &v) && runtime.LegacyGroup(v.Found) != ""
}
