// Package runtime runs PostgreSQL as a WebAssembly guest.
//
// A [Module] is PostgreSQL compiled; a Go process loads one. A [Cluster] is a
// running PostgreSQL on one data directory. The Go side is its postmaster: it
// starts, signals and reaps PostgreSQL's processes, each of which is an
// instance of the module whose memory is a copy-on-write clone of the
// postmaster's.
//
// This is the only package that knows wazero. Its API speaks Go types.
package runtime
