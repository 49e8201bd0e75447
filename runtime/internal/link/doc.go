// Package link reads and rewrites WebAssembly binaries.
//
// It does for PGlite's artifacts what a static linker does for object files:
// [Main] turns pglite.wasm into a module that calf can clone (it owns its
// memory, its initial data is lifted out, internal functions that the
// postmaster calls are exported, and the places where PostgreSQL meets the
// kernel call the host), [Program] prepares a plain program such as initdb,
// and [Side] prepares a shared library for loading into the main module.
//
// Output is a function of the input bytes only. Every patch checks the bytes
// that it replaces, and [Main] refuses an artifact that it has no facts about.
package link
