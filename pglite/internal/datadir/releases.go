package datadir

import "github.com/calfdb/calf/internal/pgdata"

// Releases are the releases of PGlite by what their control file says. The minor release of PostgreSQL does not matter.
var Releases = []struct {
	Major            int
	Control, Catalog uint32
	Names            []string
}{
	{16, pgdata.ControlVersion13, 202307071, []string{"PGlite 0.2"}},
	{17, pgdata.ControlVersion17, 202406281, []string{"PGlite 0.3", "PGlite 0.4"}},
	{18, pgdata.ControlVersion18, 202506291, []string{"PGlite 0.5"}},
}
