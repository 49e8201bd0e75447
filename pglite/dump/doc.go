// Package dump copies databases out and in: as archives of a data directory, and
// as SQL.
//
// [Archive] writes a directory that is not open, and [Restore] makes one of an
// archive, without PostgreSQL; PGlite's dumpDataDir and loadDataDir write and
// read the same. A database that is open is archived by DB.Dump of package
// pglite.
//
// [SQL] runs PostgreSQL's own pg_dump on any server, [AllSQL] dumps roles and all
// databases, and [Globals] and [Roles] what belongs to none. [RestoreSQL] runs
// dumps of any pg_dump or pg_dumpall, scripts and archives, on any server.
//
// What is wrong with a dump is a [*ToolError] or a [*RestoreError]; an archive
// that is none is [ErrBadArchive].
package dump
