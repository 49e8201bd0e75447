package manager

import (
	"errors"
	"fmt"

	"github.com/calfdb/calf/pglite/internal/datadir"
)

// An olderError is a *pglite.VersionError of something that has no directory of
// its own yet.
type olderError struct {
	what string
	err  *datadir.VersionError
}

func (e *olderError) Error() string {
	return fmt.Sprintf("%s is of PostgreSQL %s, and this is PostgreSQL %s; Config.DB.Upgrade upgrades it, and so does `calf dbs --upgrade`",
		e.what, e.err.Found, e.err.Wanted)
}

func (e *olderError) Unwrap() error { return e.err }

// older says of an error about the version of what was unpacked what that is.
func older(err error, what string) error {
	var v *datadir.VersionError
	if errors.As(err, &v) {
		return &olderError{what, v}
	}
	return err
}
