package pglite

import "github.com/calfdb/calf/runtime"

// Capabilities are what a machine can do for a database. They are a matter of
// speed and of memory: what a database can do is the same everywhere.
type Capabilities = runtime.Capabilities

// Capabilities returns what this machine can do for the database.
func (db *DB) Capabilities() Capabilities { return db.cluster.Capabilities() }
