// Package vfs is the file system that a WebAssembly PostgreSQL sees.
//
// # The pieces
//
// An [FS] is the name space of one cluster. It holds a small tree in memory
// (/tmp, /dev, /home, the read-only files of PostgreSQL) and at most one
// mounted [Volume], the data directory: a [Memory] or a [Host].
//
//	fs := vfs.New(vfs.Options{Stderr: log})
//	data, err := vfs.OpenHost(dir, vfs.HostOptions{})
//	err = fs.Mount("/pglite/data", data)
//
// A [File] is an open file description in the POSIX sense: it has the offset
// and the status flags. A [Table] maps the descriptors of one process to
// Files; Dup and Clone (fork) share them.
//
// # Names
//
// The methods of FS that end in At mirror the system calls of that name, with
// Linux semantics and musl's flag numbers. Their first argument is the
// directory that a relative path starts from; nil means the root.
//
// Volumes never follow symbolic links. One that finds a link in its way
// answers [ELOOP], and FS resolves the path itself, in the guest's name space.
// So a link in a host directory that says /etc/passwd means the guest's
// /etc/passwd, which does not exist.
//
// There is one user. Permission bits are stored and reported, not enforced,
// except by the host's kernel for the files of a Host. The access mode of a
// descriptor is enforced.
//
// # Errors
//
// Guest-visible failures are [Errno] values or wrap an error of the host;
// [ErrnoOf] turns any of them into the number that the guest gets.
//
// # Copies
//
// [FS.Fork] and [Memory.Fork] copy whole trees without copying contents: both
// sides share the chunks of all files, and each copies a chunk when it first
// writes to it.
//
// # Concurrency
//
// Everything here is safe for concurrent use. Locks on names are held for as
// long as the change of a name takes; no lock that two files share is held
// over reading, writing or syncing a host file.
package vfs
