package pglite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime"
)

// Memory is the data directory of a database that lives in memory and ends
// with its DB.
const Memory = "memory://"

// Config configures a database. The zero value is a database in memory with
// PostgreSQL's defaults.
type Config struct {
	// Dir is the data directory, which is made if it does not exist; "" and
	// Memory mean a database in memory.
	Dir string
	// Settings are configuration parameters (GUCs), such as work_mem. They
	// take effect as on the server's command line: over postgresql.conf, under
	// what a role, a database or a session sets.
	//
	// What nobody sets, here or in the files of the data directory, is as initdb
	// leaves it, but for two cases. A database in memory keeps a small
	// write-ahead log: wal_level is minimal, unless something needs more, and
	// max_wal_size is 64MB. And where the system limits addresses (ulimit -v), to
	// less than 128 GiB, shared_buffers is a 1024th of the limit.
	Settings map[string]string
	// Username and Database are what connections use by default; postgres
	// both. They must exist.
	Username, Database string
	// Extensions are created in Database when it is opened, if they do not
	// exist: names as in CREATE EXTENSION.
	Extensions []string
	// HBA is what pg_hba.conf says, in place of the file in the data
	// directory: who may connect from where, and how they prove who they are.
	// Connections in memory and through Unix-domain sockets are "local", and
	// DB.Reload does not change it. "" means the file, which in a new directory
	// trusts everybody on this machine.
	HBA string
	// MemoryLimit bounds the memory of each backend in bytes; 0 means 2 GiB,
	// which is the most there can be. What exceeds it fails with SQLSTATE
	// 53200 (out_of_memory).
	MemoryLimit uint64
	// Durability is what COMMIT means for a data directory. It counts more than
	// what postgresql.conf says of fsync, synchronous_commit and
	// full_page_writes, and less than Settings, a role, a database or a session.
	Durability Durability
	// Init is what kind of cluster a new data directory holds.
	Init Init
	// ICU is ICU's data of all languages, from ReadICUData. Without it, ICU has
	// the order of the root collation only, which is that of many languages, and
	// collations of the others are refused. A database that was opened with it
	// has to be opened with it again, or Open returns [ErrNeedsICU]. A new one
	// takes a second to make, or a [Template].
	ICU *ICUData
	// Load, if set, is an archive of a data directory, tar or tar.gz, that a new
	// database is made of: one that DB.Dump, "calf dump" or PGlite's dumpDataDir
	// wrote. Dir must be empty or not exist then, and Init does not count. The
	// archive is read once, to its end; a Read that waits is not interrupted
	// when the context of Open ends.
	Load io.Reader
	// LoadLimit bounds the size of the files in the archive, in bytes; 0 means
	// 64 GiB. An archive of more is refused when the limit is reached.
	LoadLimit int64
	// Template, if set, is what a new database starts as a copy of; a directory
	// that has a database is opened as it is. Init does not count then, and
	// Username, Database and ICU are by default those of the template.
	Template *Template
	// Upgrade, if set, is called for a data directory of PGlite 0.2, 0.3 or 0.4,
	// and makes it one of this version: upgrade.Directory of package
	// pglite/upgrade does. Without it, opening one is a *VersionError, and so is
	// an archive of one in Load: for those there is dump.Restore.
	Upgrade func(ctx context.Context, cfg Config) error
	// NoBackground leaves out PostgreSQL's background writer, WAL writer and
	// autovacuum. Checkpoints are always done. Without the WAL writer, commits
	// with Relaxed reach the disk with the next checkpoint at the latest, which
	// may be five minutes away.
	NoBackground bool
	// Logger gets the server log and calf's own messages; nil discards them.
	// PostgreSQL's severities map to slog's levels: DEBUG to Debug, LOG, INFO
	// and NOTICE to Info, WARNING to Warn, ERROR and above to Error.
	Logger *slog.Logger
	// OnReload is told when PostgreSQL has read its configuration files again,
	// after DB.Reload or pg_reload_conf(); nil tells nobody. It must be quick and
	// not call the DB.
	OnReload func()
	// Progress is told what Open is doing, which may take seconds on the first
	// use; nil tells nobody.
	Progress func(doing string)
	// Assets are the guest's files; nil means those that assets.Open finds.
	Assets *assets.Set
	// CacheDir is where compiled code is kept, for all programs that name it; ""
	// means a folder in the user's cache folder. Of programs that start
	// together, one compiles and the others wait. One that cannot be written is
	// read, if it has the code; otherwise each start compiles.
	CacheDir string

	copyMemory bool // runtime.ClusterConfig.CopyMemory; for tests
}

// Init says what kind of cluster to make. The zero value makes what PGlite
// makes: encoding UTF8, the locale C.UTF-8 of libc, the superuser postgres,
// data checksums, and no passwords.
type Init struct {
	// Username is the superuser; default postgres.
	Username string
	// Encoding is that of the template databases; default UTF8.
	Encoding string
	// LocaleProvider is libc (the default), builtin or icu.
	LocaleProvider string
	// Locale is a locale of the provider; by default C.UTF-8, or und for icu.
	Locale string
	// NoDataChecksums leaves the pages without checksums.
	NoDataChecksums bool
	// Args are further arguments of initdb, such as --wal-segsize=1.
	Args []string
}

// initdb returns the configuration of initdb.
func (c Config) initdb() runtime.InitConfig {
	i := c.Init
	return runtime.InitConfig{
		Username: i.Username, Encoding: i.Encoding, LocaleProvider: i.LocaleProvider, Locale: i.Locale,
		NoDataChecksums: i.NoDataChecksums, Args: i.Args, ICU: c.ICU,
	}
}

// Durability says what has reached the disk when COMMIT returns.
type Durability int

const (
	// Full keeps every commit that was acknowledged, whatever happens to the
	// program or the machine.
	Full Durability = iota
	// Relaxed may lose the last commits (up to about 0.6 s with default
	// settings) when the program or the machine dies, but never consistency:
	// synchronous_commit = off.
	Relaxed
	// None never waits for the disk. A crash of the program loses nothing
	// that the operating system keeps; a crash of the machine may destroy the
	// database: fsync = off.
	None
)

// validate checks the configuration and fills in defaults.
func (c Config) validate() (Config, error) {
	if c.Dir == Memory {
		c.Dir = ""
	}
	if strings.Contains(c.Dir, "://") {
		return c, fmt.Errorf("pglite: Config.Dir %q is neither a path nor %s", c.Dir, Memory)
	}
	if t := c.Template; t != nil {
		c.Username, c.Database = cmp.Or(c.Username, t.username), cmp.Or(c.Database, t.database)
		c.ICU = cmp.Or(c.ICU, t.icu)
	}
	if c.Username == "" {
		c.Username = c.Init.Username
	}
	if c.Username == "" {
		c.Username = "postgres"
	}
	if c.Database == "" {
		c.Database = "postgres"
	}
	if c.Durability < Full || c.Durability > None {
		return c, fmt.Errorf("pglite: Config.Durability %d is none of Full, Relaxed and None", c.Durability)
	}
	if c.Load != nil && c.Template != nil {
		return c, errors.New("pglite: Config.Load and Config.Template exclude each other")
	}
	if c.LoadLimit < 0 {
		return c, fmt.Errorf("pglite: Config.LoadLimit %d is negative", c.LoadLimit)
	}
	if c.MemoryLimit != 0 && c.MemoryLimit < minMemory {
		return c, fmt.Errorf("pglite: Config.MemoryLimit %d is less than %d", c.MemoryLimit, minMemory)
	}
	for name := range c.Settings {
		if name == "" || strings.ContainsAny(name, "= \x00") {
			return c, fmt.Errorf("pglite: Config.Settings has an invalid name %q", name)
		}
		if slices.Contains(ownSettings, name) {
			return c, fmt.Errorf("pglite: Config.Settings must not set %s: that is calf's own", name)
		}
	}
	c.Settings = maps.Clone(c.Settings)
	if c.Settings == nil {
		c.Settings = map[string]string{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	return c, nil
}

// minMemory is what PostgreSQL needs to start with its default settings.
const minMemory = 256 << 20

// ownSettings are the parameters that calf depends on.
var ownSettings = []string{
	"listen_addresses", "unix_socket_directories", "ssl", "io_method", "log_line_prefix",
	"log_destination", "logging_collector", "data_directory", "huge_pages",
}
