package vfs

import "time"

// Stat describes a file, like struct stat.
type Stat struct {
	// Dev and Ino together identify a file within its FS. A Volume need not
	// fill Dev.
	Dev, Ino uint64
	// Mode is the type (S_IFMT) and the permission bits.
	Mode     uint32
	Nlink    uint32
	Uid, Gid uint32
	// Rdev is the device number of a character device.
	Rdev uint64
	// Size is in bytes.
	Size int64
	// Blocks counts allocated units of 512 bytes.
	Blocks              int64
	Atime, Mtime, Ctime time.Time
}

// IsDir tells whether s describes a directory.
func (s Stat) IsDir() bool { return s.Mode&S_IFMT == S_IFDIR }

// IsRegular tells whether s describes a regular file.
func (s Stat) IsRegular() bool { return s.Mode&S_IFMT == S_IFREG }

// IsLink tells whether s describes a symbolic link.
func (s Stat) IsLink() bool { return s.Mode&S_IFMT == S_IFLNK }

// Attr says which attributes of a file to change; nil leaves one as it is.
type Attr struct {
	// Mode is the new permission bits.
	Mode         *uint32
	Uid, Gid     *uint32
	Atime, Mtime *time.Time
}

// DirEntry is one entry of a directory.
type DirEntry struct {
	Name string
	Ino  uint64
	// Type is the file type as in struct dirent: S_IFMT bits shifted right
	// by 12 (4 directory, 8 regular, 10 link, 2 character device).
	Type uint8
	// Off is the offset after this entry, for [File.Seek]. Volumes leave it 0.
	Off int64
}

// Statfs describes the space of a volume, like struct statfs.
type Statfs struct {
	// BlockSize is in bytes; the counts of blocks are in that unit.
	BlockSize           uint64
	Blocks, Free, Avail uint64
	Files, FreeFiles    uint64
}
