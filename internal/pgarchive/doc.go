// Package pgarchive reads the archives that pg_dump writes with --format=custom
// and --format=tar.
//
// An archive is a table of contents and data. An [Archive] gives it back as the
// steps of which a restore consists, in their order: the same statements and
// the same data that pg_restore would send to a server. It reads the archive
// from its beginning to its end, once, so that it can come from a pipe; the
// data of a table is never in memory as a whole.
//
// The formats are those of versions 1.12 to 1.16, which pg_dump has written
// since PostgreSQL 9.0. PostgreSQL's pg_backup_archiver.c, pg_backup_custom.c
// and pg_backup_tar.c define them.
package pgarchive
