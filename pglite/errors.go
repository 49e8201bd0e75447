package pglite

import (
	"github.com/calfdb/calf/runtime"
)

var (
	// ErrClosed is returned by the methods of a DB after Close.
	ErrClosed = runtime.ErrClosed
)

// A CrashError says that a process of PostgreSQL crashed. All connections of
// the database are gone; new ones can be made as soon as it has recovered,
// which loses nothing that was committed.
type CrashError = runtime.CrashError
