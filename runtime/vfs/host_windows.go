package vfs

import (
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/windows"
)

const openNonblock = 0

// fillStat leaves out what Go makes up: access for all. Windows has no modes,
// and the files of a data directory are to be the user's alone. An inode number
// and the number of links would cost opening the file.
func fillStat(s *Stat, _ fs.FileInfo) bool {
	s.Mode &^= 0o077
	return false
}

func entryIno(_ *os.File, dir, name string) uint64 { return nameIno(path.Join(dir, name)) }

func syncData(f *os.File) error { return f.Sync() }

// syncDir does nothing: Windows has no such call, and NTFS logs its names.
func syncDir(*os.File) error { return nil }

func allocate(*os.File, int64, int64) error { return ENOTSUP }

func statfs(f *os.File) (Statfs, error) {
	name, err := windows.UTF16PtrFromString(f.Name())
	if err != nil {
		return Statfs{}, err
	}
	var avail, total, free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &avail, &total, &free); err != nil {
		return Statfs{}, err
	}
	const block = 4096
	return Statfs{
		BlockSize: block, Blocks: total / block, Free: free / block, Avail: avail / block,
		Files: 1 << 30, FreeFiles: 1 << 29,
	}, nil
}
