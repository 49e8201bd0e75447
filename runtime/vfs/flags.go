package vfs

// Flags of [FS.OpenAt], with the numbers that musl gives them. Others are
// ignored, O_CLOEXEC among them: a guest has no exec.
const (
	O_RDONLY    = 0
	O_WRONLY    = 1
	O_RDWR      = 2
	O_ACCMODE   = 3
	O_CREAT     = 64
	O_EXCL      = 128
	O_TRUNC     = 512
	O_APPEND    = 1024
	O_NONBLOCK  = 2048
	O_DSYNC     = 4096
	O_DIRECTORY = 65536
	O_NOFOLLOW  = 131072
	O_CLOEXEC   = 524288
	O_SYNC      = 1048576 | O_DSYNC
)

// Flags of the methods that end in At.
const (
	AT_FDCWD            = -100
	AT_SYMLINK_NOFOLLOW = 256
	AT_REMOVEDIR        = 512
	AT_SYMLINK_FOLLOW   = 1024
	AT_EMPTY_PATH       = 4096
)

// The bits of [Stat.Mode] that tell the type of a file.
const (
	S_IFMT  = 0o170000
	S_IFIFO = 0o010000
	S_IFCHR = 0o020000
	S_IFDIR = 0o040000
	S_IFREG = 0o100000
	S_IFLNK = 0o120000
)

// Values of whence for [File.Seek].
const (
	SEEK_SET = 0
	SEEK_CUR = 1
	SEEK_END = 2
)

// X_OK is the bit of [FS.FaccessAt]'s mode that is checked.
const X_OK = 1

// Limits of names, in bytes. PathMax counts the terminating zero of C.
const (
	NameMax = 255
	PathMax = 4096
)

// writes tells whether a descriptor opened with flags may write.
func writes(flags int) bool { return flags&O_ACCMODE == O_WRONLY || flags&O_ACCMODE == O_RDWR }

// reads tells whether a descriptor opened with flags may read.
func reads(flags int) bool { return flags&O_ACCMODE == O_RDONLY || flags&O_ACCMODE == O_RDWR }
