package vfs

import (
	"io/fs"
	"os"
	"syscall"
	"time"
)

func fillStat(s *Stat, fi fs.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	s.Ino, s.Nlink, s.Blocks = st.Ino, uint32(st.Nlink), st.Blocks
	s.Atime = time.Unix(st.Atimespec.Unix())
	s.Ctime = time.Unix(st.Ctimespec.Unix())
	return true
}

// syncData is the full sync: only F_FULLFSYNC, which that is, reaches the disk.
func syncData(f *os.File) error { return f.Sync() }

func allocate(*os.File, int64, int64) error { return ENOTSUP }
