package archtest

// rooms says which room of the house may import which. A package belongs to the room with the longest path that is a
// prefix of its own, and may always import what is in its room. A package without a room fails the test: decide where it
// belongs, and add a line. Tests of a package may import more.
var rooms = []room{
	{path: "assets", may: []string{"internal/filelock"}},
	{path: "runtime", may: []string{"assets", "internal/filelock", "internal/icudata", "internal/lazy"}},
	{path: "runtime/vfs/vfstest", may: []string{"runtime"}},
	{path: "wire"},
	{path: "schema"},
	{path: "pglite", may: []string{"runtime", "wire", "assets", "internal/icudata", "internal/pgdata", "internal/relay", "pglite/dump", "pglite/push", "pglite/internal", "pglite/internal/inuse"}},
	{path: "pglite/internal", may: []string{"runtime", "assets", "internal/filelock", "internal/lazy", "internal/pgdata", "internal/relay"}},
	{path: "pglite/internal/inuse"},
	{path: "pglite/internal/dbtest", may: []string{"pglite", "pglite/dump", "assets", "internal/peers"}},
	{path: "pglite/inspect", may: []string{"pglite/internal", "internal/filelock", "internal/pgdata"}},
	{path: "pglite/dump", may: []string{"pglite/internal", "runtime", "assets", "internal/relay", "internal/sqlscript", "internal/pgarchive"}},
	{path: "pglite/push", may: []string{"pglite/dump", "pglite/internal", "assets", "internal/sqlscript"}},
	{path: "pglite/upgrade", may: []string{"pglite", "pglite/dump", "pglite/internal", "runtime", "wire", "assets", "internal/lazy"}},
	{path: "pglite/driver", may: []string{"pglite"}},
	{path: "pglite/pglitetest", may: []string{"pglite", "pglite/internal/inuse", "schema", "assets"}},
	{path: "pglite/embed"},
	{path: "pglite/presenter", may: []string{"schema"}},
	{path: "pglite/manager", may: []string{"pglite", "pglite/dump", "pglite/internal", "schema", "assets", "internal/relay"}},
	{path: "pglite/importer", may: []string{"pglite", "schema", "assets"}},
	{path: "conformance"},
	{path: "crash"},
	{path: "cmd", may: []string{anywhere}},
	{path: "examples", may: []string{anywhere}},
	{path: "internal/filelock"},
	{path: "internal/lazy"},
	{path: "internal/pgdata"},  // what PostgreSQL's files mean
	{path: "internal/icudata"}, // what ICU's data files hold
	{path: "internal/relay"},
	{path: "internal/sqlscript"}, // where statements end
	{path: "internal/pgarchive", may: []string{"internal/sqlscript"}}, // what pg_dump's archives hold
	{path: "internal/peers"},
	{path: "internal/archtest"},
}

// closed are rooms that nobody may import, whatever else is said.
var closed = []string{"pglite/internal/dbtest", "runtime/vfs/vfstest", "crash", "cmd", "examples", "internal/archtest"}

// confined are packages of others that only some rooms may import, because they are heavy, or because the rest of the
// house must not depend on them. A path stands for everything below it.
var confined = []confinement{
	{path: "github.com/tetratelabs/wazero", to: []string{"runtime"}},                                                // the engine can be exchanged behind runtime
	{path: "github.com/spf13", to: []string{"cmd"}},                                                                 // only a command line parses one
	{path: "testing", to: []string{"conformance", "pglite/pglitetest", "pglite/internal/dbtest", "internal/peers"}}, // its flags and its size are not for products
	{path: "github.com/stretchr/testify", to: []string{"conformance", "pglite/pglitetest", "pglite/internal/dbtest", "internal/peers"}},
	{path: "go.uber.org/goleak", to: nil},        // tests only
	{path: "github.com/jackc/pgproto3", to: nil}, // tests only: a second codec, whose CVE has no fix
	{path: "modernc.org/sqlite", to: []string{"pglite/importer"}},
	{path: "github.com/parquet-go", to: []string{"pglite/importer"}},
	{path: "C", to: nil}, // no cgo
}

type room struct {
	path string
	may  []string
}

type confinement struct {
	path string
	to   []string
}

// anywhere is every room that is not closed.
const anywhere = "*"
