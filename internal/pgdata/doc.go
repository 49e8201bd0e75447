// Package pgdata decodes the files of a PostgreSQL data directory: the control file, pages, tuples, catalogs, the commit
// log, the write-ahead log and configuration.
//
// It reads what PostgreSQL 16, 17 and 18 write on little-endian machines, of 32 and of 64 bits: with 8-byte alignment,
// which WebAssembly has too, the files of both are laid out alike. It never writes.
//
// Every decoder takes bytes that may be anything. None panics, and none allocates more than a small multiple of what it
// was given. Names of constants, fields and columns are PostgreSQL's; comments name the file of its source tree that
// defines a layout.
//
// Package pgdata/tree finds the files, in a folder or in an archive.
package pgdata
