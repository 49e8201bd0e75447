package pglite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime"
	"github.com/jackc/pgx/v5"
)

// SQLDumpConfig says what DumpSQL dumps, and in which form. The zero value
// dumps the whole of the default database as SQL text.
type SQLDumpConfig struct {
	// Args are arguments of pg_dump 18, which its documentation describes:
	// --schema-only, --table=PATTERN, --exclude-table=PATTERN, --inserts,
	// --create, --no-owner, --role=NAME, --dbname=NAME, --format=custom and so
	// on. The formats are plain, custom and tar; gzip compresses, --compress=9
	// for example. Not taken are --file, as the output goes to a writer,
	// --format=directory and --jobs, and --host, --port and --password, as the
	// server is given otherwise. --filter cannot name a file.
	Args []string
	// Messages gets what pg_dump says: warnings, and what --verbose adds; nil
	// discards it. What is wrong when it fails is in the error, too.
	Messages io.Writer
	// Assets and CacheDir are as in Config. They count for the function
	// DumpSQL; a DB uses its own.
	Assets   *assets.Set
	CacheDir string
}

// A ToolError says that PostgreSQL's pg_dump reported a failure: which, its
// exit status, and all that it said.
type ToolError = runtime.ToolError

// DumpSQL writes a dump that PostgreSQL's own pg_dump makes, as of one moment,
// to w. Other sessions read and write meanwhile; only changing the definition
// of what is dumped has to wait. The dump is not held in memory.
//
// pg_dump connects as the default user, unless its arguments name another one
// with --username. When ctx ends, the dump does, and its session is gone when
// DumpSQL returns; so it is in any other case. What w has got before an error
// is no dump.
func (db *DB) DumpSQL(ctx context.Context, w io.Writer, cfg SQLDumpConfig) error {
	cfg.Assets, cfg.CacheDir = db.cfg.Assets, db.cfg.CacheDir
	return db.asClosed(DumpSQL(ctx, db.ConnConfig(), w, cfg))
}

// DumpSQL is [DB.DumpSQL] for any server of PostgreSQL 9.2 to 18. pg_dump asks
// for a connection, which is made as the configuration says: its address or
// DialFunc, TLS and password count, and User and Database are defaults.
func DumpSQL(ctx context.Context, server *pgx.ConnConfig, w io.Writer, cfg SQLDumpConfig) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("pglite: dumping %s: %w", server.Database, err)
		}
	}()
	if err := checkDumpArgs(cfg.Args); err != nil {
		return err
	}
	c, err := Config{Assets: cfg.Assets, CacheDir: cfg.CacheDir}.validate()
	if err != nil {
		return err
	}
	tool, err := loadDumper(ctx, c)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, dumpBuffer)
	d := &dumper{server: server}
	err = tool.Run(ctx, runtime.ToolConfig{
		Args: slices.Concat(dumpArgs, cfg.Args),
		// What the configuration says holds unless an argument says otherwise.
		Env:    []string{"PGUSER=" + server.User, "PGDATABASE=" + server.Database},
		Stdout: out, Stderr: cfg.Messages,
		Dial: func(ctx context.Context) (net.Conn, error) { return newDumpConn(ctx, d), nil },
	})
	failure := (*ToolError)(nil)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case d.err != nil: // of which pg_dump knows the text
		return d.err
	case errors.As(err, &failure):
		return failure
	case err != nil:
		return err
	}
	return out.Flush()
}

// dumpArgs come before the caller's. To C programs that Emscripten compiled, the
// standard output seems to be a file, in which pg_dump would go back and write
// the table of contents of an archive anew. What it opens by name is what it
// is. There is nothing to be synced.
var dumpArgs = []string{"--file=/dev/stdout", "--no-sync"}

// dumpBuffer is how much output is written at once. pg_dump writes row by row.
const dumpBuffer = 64 << 10

// A dumper is what a run of pg_dump and its connections share.
type dumper struct {
	server *pgx.ConnConfig
	err    error // of connecting
}

var errNoStartup = errors.New("pg_dump did not begin with a startup packet")
