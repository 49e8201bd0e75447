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
// [DB.Serve] lets clients of the network in.
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
// [DB.Fork] copies a database in an instant, and a [Template] is copied by many.
// [DB.Dump] writes an open database as a tar archive, without stopping it, and
// [Config].Load makes a new database of one. PGlite's loadDataDir and dumpDataDir
// take and make the same archives, and its data directories under Node are
// calf's; one program at a time may have a directory open, which PGlite does not
// check.
//
// # What is done to databases
//
// Packages below this one do it: dump (archives and SQL, out and in), push (to a
// PostgreSQL server), upgrade (directories of earlier PGlites) and inspect (what
// a directory holds, without an engine). What they do to a [DB] is also a method
// of it, such as [DB.DumpSQL]. Package pglitetest gives each test a database.
//
// # Errors
//
// Errors of SQL are *pgconn.PgError, untouched. The package's own are
// [ErrClosed], [ErrLocked], [ErrNotPostgres] and [*VersionError]; a crash of
// PostgreSQL is a [*CrashError]. Use errors.Is and errors.As.
package pglite
