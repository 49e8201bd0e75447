package vfs

import (
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func fillStat(s *Stat, fi fs.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	s.Ino, s.Nlink, s.Blocks = st.Ino, uint32(st.Nlink), st.Blocks
	s.Atime = time.Unix(st.Atim.Unix())
	s.Ctime = time.Unix(st.Ctim.Unix())
	return true
}

// syncData is fdatasync(2).
func syncData(f *os.File) error {
	defer runtime.KeepAlive(f)
	return retry(func() error { return unix.Fdatasync(int(f.Fd())) })
}

// allocate is fallocate(2); ENOTSUP where the file system has none.
func allocate(f *os.File, off, n int64) error {
	defer runtime.KeepAlive(f)
	return retry(func() error { return unix.Fallocate(int(f.Fd()), 0, off, n) })
}

func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
