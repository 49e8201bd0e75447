//go:build linux || darwin

package vfs

import (
	"errors"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// openNonblock keeps a named pipe, put where a file was, from blocking us.
const openNonblock = syscall.O_NONBLOCK

// syncDir is fsync(2). Like PostgreSQL (fsync_fname_ext in fd.c) it takes no
// offence at file systems that cannot sync directories.
func syncDir(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EBADF) {
		return nil
	}
	return err
}

func statfs(f *os.File) (Statfs, error) {
	defer runtime.KeepAlive(f)
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return Statfs{}, err
	}
	return Statfs{
		BlockSize: uint64(st.Bsize), Blocks: st.Blocks, Free: st.Bfree, Avail: st.Bavail,
		Files: st.Files, FreeFiles: st.Ffree,
	}, nil
}

// entryIno returns the inode number of an entry of the directory d.
func entryIno(d *os.File, dir, name string) uint64 {
	defer runtime.KeepAlive(d)
	var st unix.Stat_t
	if err := unix.Fstatat(int(d.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return nameIno(dir + "/" + name) // it is gone
	}
	return st.Ino
}
