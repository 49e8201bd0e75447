package emscripten

import (
	"time"

	"github.com/calfdb/calf/runtime/vfs"
)

// System calls on paths.

func init() {
	define("__syscall_stat64", func(g *Guest, a args) {
		a.set(g.stat(vfs.AT_FDCWD, a.u32(0), a.u32(1), 0))
	})
	define("__syscall_lstat64", func(g *Guest, a args) {
		a.set(g.stat(vfs.AT_FDCWD, a.u32(0), a.u32(1), vfs.AT_SYMLINK_NOFOLLOW))
	})
	define("__syscall_newfstatat", func(g *Guest, a args) {
		a.set(g.stat(a.i32(0), a.u32(1), a.u32(2), int(a.i32(3))))
	})
	define("__syscall_fstat64", func(g *Guest, a args) {
		a.set(ret(g.file(a.i32(0), func(f *vfs.File) error {
			st, err := f.Stat()
			if err == nil {
				g.putStat(a.u32(1), st)
			}
			return err
		})))
	})
	define("__syscall_statfs64", func(g *Guest, a args) {
		a.set(g.at(vfs.AT_FDCWD, a.u32(0), func(dir *vfs.File, path string) error {
			s, err := g.FS.Statfs(dir, path)
			if err == nil {
				g.putStatfs(a.u32(2), s)
			}
			return err
		}))
	})
	define("__syscall_faccessat", func(g *Guest, a args) {
		a.set(g.at(a.i32(0), a.u32(1), func(dir *vfs.File, path string) error {
			return g.FS.FaccessAt(dir, path, a.u32(2), int(a.i32(3)))
		}))
	})
	define("__syscall_mkdirat", func(g *Guest, a args) {
		a.set(g.at(a.i32(0), a.u32(1), func(dir *vfs.File, path string) error {
			return g.FS.MkdirAt(dir, path, a.u32(2)&^g.umask&0o7777)
		}))
	})
	define("__syscall_unlinkat", func(g *Guest, a args) {
		a.set(g.at(a.i32(0), a.u32(1), func(dir *vfs.File, path string) error {
			return g.FS.UnlinkAt(dir, path, int(a.i32(2)))
		}))
	})
	define("__syscall_rmdir", func(g *Guest, a args) {
		a.set(g.at(vfs.AT_FDCWD, a.u32(0), func(dir *vfs.File, path string) error {
			return g.FS.UnlinkAt(dir, path, vfs.AT_REMOVEDIR)
		}))
	})
	define("__syscall_renameat", func(g *Guest, a args) {
		a.set(g.at2(a.i32(0), a.u32(1), a.i32(2), a.u32(3), g.FS.RenameAt))
	})
	define("__syscall_linkat", func(g *Guest, a args) {
		a.set(g.at2(a.i32(0), a.u32(1), a.i32(2), a.u32(3),
			func(oldDir *vfs.File, oldPath string, newDir *vfs.File, newPath string) error {
				return g.FS.LinkAt(oldDir, oldPath, newDir, newPath, int(a.i32(4)))
			}))
	})
	define("__syscall_symlinkat", func(g *Guest, a args) {
		a.set(g.at(a.i32(1), a.u32(2), func(dir *vfs.File, path string) error {
			return g.FS.SymlinkAt(g.CString(a.u32(0)), dir, path)
		}))
	})
	define("__syscall_readlinkat", func(g *Guest, a args) {
		if a.i32(3) <= 0 {
			a.set(neg(vfs.EINVAL))
			return
		}
		n := 0
		r := g.at(a.i32(0), a.u32(1), func(dir *vfs.File, path string) error {
			target, err := g.FS.ReadlinkAt(dir, path)
			n = copy(g.Bytes(a.u32(2), a.u32(3)), target)
			return err
		})
		if r == 0 {
			r = uint32(n)
		}
		a.set(r)
	})
	define("__syscall_truncate64", func(g *Guest, a args) {
		a.set(g.at(vfs.AT_FDCWD, a.u32(0), func(dir *vfs.File, path string) error {
			return g.truncate(a.i64(1),
				func() (vfs.Stat, error) { return g.FS.StatAt(dir, path, 0) },
				func(size int64) error { return g.FS.Truncate(dir, path, size) })
		}))
	})
	define("__syscall_chmod", func(g *Guest, a args) {
		a.set(g.chmod(vfs.AT_FDCWD, a.u32(0), a.u32(1), 0))
	})
	define("__syscall_fchmodat2", func(g *Guest, a args) {
		a.set(g.chmod(a.i32(0), a.u32(1), a.u32(2), int(a.i32(3))))
	})
	define("__syscall_fchownat", func(g *Guest, a args) {
		a.set(g.at(a.i32(0), a.u32(1), func(dir *vfs.File, path string) error {
			return g.FS.ChownAt(dir, path, a.u32(2), a.u32(3), int(a.i32(4)))
		}))
	})
	define("__syscall_utimensat", func(g *Guest, a args) { a.set(g.utimens(a)) })
	define("__syscall_chdir", func(g *Guest, a args) {
		a.set(g.at(vfs.AT_FDCWD, a.u32(0), func(dir *vfs.File, path string) error {
			f, err := g.FS.OpenAt(dir, path, vfs.O_RDONLY|vfs.O_DIRECTORY, 0)
			if err != nil {
				return err
			}
			return g.Files.Chdir(f)
		}))
	})
	define("__syscall_getcwd", func(g *Guest, a args) {
		cwd, err := g.Files.Cwd()
		switch {
		case err != nil:
			a.set(ret(err))
		case a.u32(1) == 0:
			a.set(neg(vfs.EINVAL))
		case !g.putString(a.u32(0), a.u32(1), cwd):
			a.set(neg(vfs.ERANGE))
		default:
			a.set(uint32(len(cwd) + 1))
		}
	})
	define("__syscall_getdents64", func(g *Guest, a args) {
		a.set(g.getdents(a.i32(0), a.u32(1), a.u32(2)))
	})
}

// at calls f with a path of the guest and the directory that it starts from.
func (g *Guest) at(dir int32, path uint32, f func(*vfs.File, string) error) uint32 {
	name := g.CString(path)
	base, err := g.Files.Base(int(dir), name)
	if err != nil {
		return ret(err)
	}
	return ret(f(base, name))
}

// at2 is at for two paths.
func (g *Guest) at2(oldDir int32, oldPath uint32, newDir int32, newPath uint32,
	f func(*vfs.File, string, *vfs.File, string) error,
) uint32 {
	return g.at(oldDir, oldPath, func(from *vfs.File, oldName string) error {
		newName := g.CString(newPath)
		to, err := g.Files.Base(int(newDir), newName)
		if err != nil {
			return err
		}
		return f(from, oldName, to, newName)
	})
}

func (g *Guest) stat(dir int32, path, out uint32, flags int) uint32 {
	return g.at(dir, path, func(base *vfs.File, name string) error {
		st, err := g.FS.StatAt(base, name, flags)
		if err == nil {
			g.putStat(out, st)
		}
		return err
	})
}

func (g *Guest) chmod(dir int32, path, mode uint32, flags int) uint32 {
	return g.at(dir, path, func(base *vfs.File, name string) error {
		return g.FS.ChmodAt(base, name, mode&0o7777, flags)
	})
}

// putStat writes a struct stat.
func (g *Guest) putStat(p uint32, st vfs.Stat) {
	b := g.Bytes(p, 96)
	clear(b)
	le.PutUint32(b[0:], uint32(st.Dev))
	le.PutUint32(b[4:], st.Mode)
	le.PutUint32(b[8:], st.Nlink)
	le.PutUint32(b[12:], st.Uid)
	le.PutUint32(b[16:], st.Gid)
	le.PutUint32(b[20:], uint32(st.Rdev))
	le.PutUint64(b[24:], uint64(st.Size))
	le.PutUint32(b[32:], 4096)
	le.PutUint32(b[36:], uint32(st.Blocks))
	for i, t := range []time.Time{st.Atime, st.Mtime, st.Ctime} {
		if !t.IsZero() {
			le.PutUint64(b[40+16*i:], uint64(t.Unix()))
			le.PutUint32(b[48+16*i:], uint32(t.Nanosecond()))
		}
	}
	le.PutUint64(b[88:], st.Ino)
}

// putStatfs writes a struct statfs.
func (g *Guest) putStatfs(p uint32, s vfs.Statfs) {
	b := g.Bytes(p, 72)
	clear(b)
	le.PutUint32(b[4:], uint32(s.BlockSize))
	le.PutUint32(b[60:], uint32(s.BlockSize))
	for i, v := range []uint64{s.Blocks, s.Free, s.Avail, s.Files, s.FreeFiles} {
		le.PutUint64(b[8+8*i:], v)
	}
	le.PutUint32(b[56:], vfs.NameMax)
}

// Values of tv_nsec that utimensat gives a meaning of their own.
const (
	utimeNow  = 0x3fffffff
	utimeOmit = 0x3ffffffe
)

func (g *Guest) utimens(a args) uint32 {
	times := [2]*time.Time{}
	now := time.Now()
	for i := range times {
		times[i] = &now
		if p := a.u32(2); p != 0 {
			spec := g.Bytes(p, 32)[16*i:]
			switch nsec := le.Uint32(spec[8:]); nsec {
			case utimeNow:
			case utimeOmit:
				times[i] = nil
			default:
				if nsec >= 1e9 {
					return neg(vfs.EINVAL)
				}
				t := time.Unix(int64(le.Uint64(spec)), int64(nsec))
				times[i] = &t
			}
		}
	}
	if a.u32(1) == 0 { // futimens(3)
		return ret(g.file(a.i32(0), func(f *vfs.File) error {
			return f.SetAttr(vfs.Attr{Atime: times[0], Mtime: times[1]})
		}))
	}
	return g.at(a.i32(0), a.u32(1), func(dir *vfs.File, path string) error {
		return g.FS.UtimesAt(dir, path, times[0], times[1], int(a.i32(3)))
	})
}

// direntSize is the size of every record of getdents64, that of musl's struct
// dirent.
const direntSize = 280

func (g *Guest) getdents(n int32, buf, size uint32) uint32 {
	f, err := g.Files.Get(int(n))
	if err != nil {
		return ret(err)
	}
	if size < direntSize {
		return neg(vfs.EINVAL)
	}
	entries, err := f.ReadDir(int(size / direntSize))
	if err != nil {
		return ret(err)
	}
	for i, e := range entries {
		b := g.Bytes(buf+direntSize*uint32(i), direntSize)
		clear(b)
		le.PutUint64(b[0:], e.Ino)
		le.PutUint64(b[8:], uint64(e.Off))
		le.PutUint16(b[16:], direntSize)
		b[18] = e.Type
		copy(b[19:direntSize-1], e.Name)
	}
	return direntSize * uint32(len(entries))
}
