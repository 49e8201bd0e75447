// Package pglite runs PostgreSQL inside a Go program.
//
// [Open] opens a database, in memory or in a directory, the way a program
// opens a file. There is no server to install, no port and no cgo: PostgreSQL
// runs as a WebAssembly guest in the process, and pgx talks to it through pipes
// in memory.
//
//	db, err := pglite.Open(ctx, "memory://")
//	if err != nil { ... }
//	defer db.Close()
//	conn, err := db.Connect(ctx) // a *pgx.Conn
//
// # Connections
//
// Every connection is a real PostgreSQL backend with a session of its own.
// [DB.Connect] returns one, [DB.Pool] a pool of them, [DB.SQL] the view of
// database/sql, and [DB.ConnConfig] what anything else of pgx needs. Types of
// pgvector are registered with each, if the extension has been created.
//
// # The guest
//
// The guest's files are installed once with the command "calf assets install",
// or embedded in the program; see package assets. The first use on a machine
// compiles them, which takes some seconds; [Preload] does it at a moment of
// the program's choice.
//
// # Copies
//
// DB.Dump writes an open database as a tar archive, without stopping it, and
// Config.Load makes a new database of one. PGlite's loadDataDir and dumpDataDir
// take and make the same archives, and its data directories under Node are
// calf's; one program at a time may have a directory open, which PGlite does not
// check. Archive and Restore do without PostgreSQL, for directories that are not
// open.
//
// # Dumps as SQL
//
// [DB.DumpSQL] runs PostgreSQL's own pg_dump on a database, [DumpSQL] on any
// server, and [DB.DumpAllSQL] dumps roles and all databases. [DB.RestoreSQL]
// and [RestoreSQL] run dumps of any pg_dump or pg_dumpall, scripts and archives.
//
// # Moving to a server
//
// [DB.Push] moves a database to a PostgreSQL server, and [Push] one from any
// server to another: it says beforehand what hinders, compares what it moved, and
// goes on where it was interrupted.
//
// # Earlier versions
//
// A data directory of PGlite 0.2, 0.3 or 0.4 is of an earlier PostgreSQL.
// [Upgrade] makes it one of this version and keeps the old one beside;
// [PlanUpgrade] only tells what that would do. With Config.Upgrade, Open does it.
//
// # Looking without opening
//
// [Inspect] says what a data directory or an archive of one holds, and what is
// wrong with it, without starting PostgreSQL; of anything else it says what it
// is.
//
// # Errors
//
// Errors of SQL are *pgconn.PgError, untouched. The package's own are
// [ErrClosed], [ErrLocked], [ErrNotPostgres] and [*VersionError]; a crash of
// PostgreSQL is a [*CrashError]. What is wrong with a dump is a [*ToolError] or a
// [*RestoreError]; what hinders a push is a [*PushBlockedError]. Use errors.Is and
// errors.As.
package pglite
