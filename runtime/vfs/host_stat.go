package vfs

import (
	"hash/fnv"
	"io/fs"
)

// hostStat describes a file to the guest. What only some platforms know is
// added by fillStat.
func hostStat(fi fs.FileInfo, name string) Stat {
	t := fi.ModTime()
	s := Stat{
		Mode:   guestType(fi.Mode()) | uint32(fi.Mode().Perm()),
		Nlink:  1,
		Size:   fi.Size(),
		Blocks: (fi.Size() + 511) / 512,
		Atime:  t, Mtime: t, Ctime: t,
	}
	if !fillStat(&s, fi) {
		s.Ino = nameIno(name)
	}
	return s
}

// guestType translates the type of a file. What the guest cannot open is shown
// as a socket is, and is not a file to anybody.
func guestType(m fs.FileMode) uint32 {
	switch {
	case m&fs.ModeDir != 0:
		return S_IFDIR
	case m&fs.ModeSymlink != 0:
		return S_IFLNK
	case m&fs.ModeNamedPipe != 0:
		return S_IFIFO
	case m&fs.ModeType == 0:
		return S_IFREG
	}
	const socket = 0o140000
	return socket
}

// nameIno makes an inode number of a name, for platforms that do not tell one.
func nameIno(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64() | 1
}
