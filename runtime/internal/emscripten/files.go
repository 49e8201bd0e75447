package emscripten

import (
	"github.com/calfdb/calf/runtime/vfs"
)

// System calls on descriptors.

func init() {
	define("__syscall_openat", func(g *Guest, a args) {
		var mode uint32
		if p := a.u32(3); p != 0 && a.u32(2)&vfs.O_CREAT != 0 { // the variadic argument
			mode = g.Load32(p)
		}
		a.set(g.openat(a.i32(0), g.CString(a.u32(1)), int(a.i32(2)), mode))
	})
	define("fd_close", func(g *Guest, a args) { a.set(wasi(g.Files.Close(int(a.i32(0))))) })
	define("fd_read", func(g *Guest, a args) {
		a.set(g.vector(a, a.u32(3), (*vfs.File).Read))
	})
	define("fd_write", func(g *Guest, a args) {
		a.set(g.vector(a, a.u32(3), (*vfs.File).Write))
	})
	define("fd_pread", func(g *Guest, a args) {
		off := a.i64(3)
		a.set(g.vector(a, a.u32(4), func(f *vfs.File, p []byte) (int, error) {
			n, err := f.ReadAt(p, off)
			off += int64(n)
			return n, err
		}))
	})
	define("fd_pwrite", func(g *Guest, a args) {
		off := a.i64(3)
		a.set(g.vector(a, a.u32(4), func(f *vfs.File, p []byte) (int, error) {
			n, err := f.WriteAt(p, off)
			off += int64(n)
			return n, err
		}))
	})
	define("fd_seek", func(g *Guest, a args) {
		f, err := g.Files.Get(int(a.i32(0)))
		if err != nil {
			a.set(wasi(err))
			return
		}
		off, err := f.Seek(a.i64(1), int(a.i32(2)))
		if err == nil {
			g.Store64(a.u32(3), uint64(off))
		}
		a.set(wasi(err))
	})
	define("fd_sync", func(g *Guest, a args) {
		a.set(wasi(g.sync(a.i32(0), false)))
	})
	define("__syscall_fdatasync", func(g *Guest, a args) {
		a.set(ret(g.sync(a.i32(0), true)))
	})
	define("fd_fdstat_get", func(g *Guest, a args) { a.set(g.fdstat(a.i32(0), a.u32(1))) })
	define("__syscall_dup", func(g *Guest, a args) { a.set(fd(g.Files.Dup(int(a.i32(0)), 0))) })
	define("__syscall_dup3", func(g *Guest, a args) {
		if a.i32(0) == a.i32(1) {
			a.set(neg(vfs.EINVAL))
			return
		}
		a.set(fd(g.Files.Dup3(int(a.i32(0)), int(a.i32(1)))))
	})
	define("__syscall_pipe2", func(g *Guest, a args) { a.set(g.pipe(a.u32(0))) })
	define("__syscall_fcntl64", func(g *Guest, a args) {
		a.set(g.fcntl(a.i32(0), a.i32(1), a.u32(2)))
	})
	// No device has controls; isatty(3) asks.
	define("__syscall_ioctl", func(g *Guest, a args) {
		a.set(ret(g.file(a.i32(0), func(*vfs.File) error { return vfs.ENOTTY })))
	})
	define("__syscall_ftruncate64", func(g *Guest, a args) {
		a.set(ret(g.file(a.i32(0), func(f *vfs.File) error {
			return g.truncate(a.i64(1), f.Stat, f.Truncate)
		})))
	})
	define("__syscall_fallocate", func(g *Guest, a args) {
		if a.i32(1) != 0 { // punching holes and the like
			a.set(neg(eOpNotSupp))
			return
		}
		a.set(ret(g.file(a.i32(0), func(f *vfs.File) error { return f.Allocate(a.i64(2), a.i64(3)) })))
	})
	// Advice changes no behaviour.
	define("__syscall_fadvise64", func(g *Guest, a args) {
		a.set(ret(g.file(a.i32(0), func(*vfs.File) error { return nil })))
	})
	define("__syscall_fchmod", func(g *Guest, a args) {
		mode := a.u32(1) & 0o7777
		a.set(ret(g.file(a.i32(0), func(f *vfs.File) error { return f.SetAttr(vfs.Attr{Mode: &mode}) })))
	})
	define("__syscall_fchown32", func(g *Guest, a args) {
		a.set(ret(g.file(a.i32(0), func(f *vfs.File) error { return f.SetAttr(vfs.Owner(a.u32(1), a.u32(2))) })))
	})
	define("__syscall_poll", func(g *Guest, a args) { a.set(g.poll(a.u32(0), a.u32(1))) })
}

// file calls f with the file of a descriptor.
func (g *Guest) file(n int32, f func(*vfs.File) error) error {
	file, err := g.Files.Get(int(n))
	if err != nil {
		return err
	}
	return f(file)
}

// sync is fsync(2), and fdatasync(2).
func (g *Guest) sync(n int32, dataOnly bool) error {
	return g.file(n, func(f *vfs.File) (err error) {
		g.Kernel.Outside(func() { err = f.Sync(dataOnly) })
		return err
	})
}

// fd returns the result of a call that returns a descriptor.
func fd(n int, err error) uint32 {
	if err != nil {
		return ret(err)
	}
	return uint32(n)
}

func (g *Guest) openat(dir int32, path string, flags int, mode uint32) uint32 {
	base, err := g.Files.Base(int(dir), path)
	if err != nil {
		return ret(err)
	}
	f, err := g.FS.OpenAt(base, path, flags, mode&^g.umask&0o7777)
	if err != nil {
		return ret(err)
	}
	if flags&vfs.O_ACCMODE != vfs.O_RDONLY {
		g.Kernel.Opened(path)
	}
	return fd(g.Files.Open(f))
}

// iovMax is IOV_MAX of musl.
const iovMax = 1024

// vector does I/O on the buffers of an iovec array (a[1], a[2] items) and
// stores the number of bytes. What was done before an error counts.
func (g *Guest) vector(a args, done uint32, do func(*vfs.File, []byte) (int, error)) uint32 {
	f, err := g.Files.Get(int(a.i32(0)))
	if err != nil {
		return wasi(err)
	}
	if a.u32(2) > iovMax {
		return uint32(vfs.EINVAL)
	}
	var total uint32
	for iov, n := a.u32(1), a.u32(2); n > 0; iov, n = iov+8, n-1 {
		buf, size := g.Load32(iov), g.Load32(iov+4)
		if size == 0 { // wherever it is
			continue
		}
		p := g.Bytes(buf, size)
		k, err := do(f, p)
		total += uint32(k)
		if err != nil && total == 0 {
			return wasi(err)
		}
		if err != nil || k < len(p) {
			break
		}
	}
	g.Store32(done, total)
	return 0
}

// truncate changes the size of a file, and tells the kernel what it has lost.
func (g *Guest) truncate(size int64, stat func() (vfs.Stat, error), truncate func(int64) error) error {
	was, err := stat()
	if err == nil {
		err = truncate(size)
	}
	if err == nil && was.Size > size {
		g.Kernel.Cut(was.Size - size)
	}
	return err
}

// fdstat writes what musl's isatty and fdopen want to know of a descriptor:
// its file type, in WASI's numbers.
func (g *Guest) fdstat(n int32, out uint32) uint32 {
	f, err := g.Files.Get(int(n))
	if err != nil {
		return wasi(err)
	}
	st, err := f.Stat()
	if err != nil {
		return wasi(err)
	}
	b := g.Bytes(out, 24)
	clear(b)
	switch st.Mode & vfs.S_IFMT {
	case vfs.S_IFCHR:
		b[0] = 2
	case vfs.S_IFDIR:
		b[0] = 3
	case vfs.S_IFREG:
		b[0] = 4
	case vfs.S_IFLNK:
		b[0] = 7
	}
	return 0
}

func (g *Guest) pipe(out uint32) uint32 {
	r, w := vfs.Pipe(vfs.O_NONBLOCK)
	rfd, err := g.Files.Open(r)
	if err != nil {
		w.Close()
		return ret(err)
	}
	wfd, err := g.Files.Open(w)
	if err != nil {
		g.Files.Close(rfd)
		return ret(err)
	}
	g.Store32(out, uint32(rfd))
	g.Store32(out+4, uint32(wfd))
	return 0
}

// Commands of fcntl, as in musl for 32-bit machines.
const (
	fDupFD        = 0
	fGetFD        = 1
	fSetFD        = 2
	fGetFL        = 3
	fSetFL        = 4
	fGetLk        = 12
	fSetLk        = 13
	fSetLkW       = 14
	fDupFDCloexec = 1030

	fUnlck = 2
)

func (g *Guest) fcntl(n, cmd int32, varargs uint32) uint32 {
	f, err := g.Files.Get(int(n))
	if err != nil {
		return ret(err)
	}
	arg := func() uint32 { return g.Load32(varargs) }
	switch cmd {
	case fDupFD, fDupFDCloexec:
		return fd(g.Files.Dup(int(n), int(int32(arg()))))
	case fGetFD, fSetFD: // close-on-exec has no meaning: there is no exec
		return 0
	case fGetFL:
		return uint32(f.Flags())
	case fSetFL:
		f.SetFlags(int(arg()))
		return 0
	case fGetLk: // nobody else can hold a lock
		le.PutUint16(g.Bytes(arg(), 2), fUnlck)
		return 0
	case fSetLk, fSetLkW:
		return 0
	}
	return neg(vfs.EINVAL)
}

// Event bits of poll(2), as in musl.
const (
	PollIn   = 1
	PollOut  = 4
	PollErr  = 8
	PollHup  = 16
	PollNval = 32

	PollRDHup = 0x2000
)

// poll fills the revents of n pollfd structs and returns how many have some.
// It does not wait: no program that calls it does more than look.
func (g *Guest) poll(fds, n uint32) uint32 {
	if n > vfs.MaxFiles {
		return neg(vfs.EINVAL)
	}
	ready := uint32(0)
	for p := fds; n > 0; p, n = p+8, n-1 {
		events := le.Uint16(g.Bytes(p+4, 2))
		revents := g.Ready(int32(g.Load32(p)), events)
		le.PutUint16(g.Bytes(p+6, 2), revents)
		if revents != 0 {
			ready++
		}
	}
	return ready
}

// Ready returns which of the events of poll(2) a descriptor has. A negative
// descriptor has none.
func (g *Guest) Ready(n int32, events uint16) uint16 {
	if n < 0 {
		return 0
	}
	f, err := g.Files.Get(int(n))
	if err != nil {
		return PollNval
	}
	var revents uint16
	r, w := f.Ready()
	if r {
		revents |= events & PollIn
	}
	if w {
		revents |= events & PollOut
	}
	return revents
}
