package vfs

// Volume is a tree of files that [FS.Mount] puts into a name space. [Memory]
// and [Host] are Volumes; a test can wrap one to lose unsynced writes, tear
// pages or fail at a chosen operation.
//
// Names are relative to the volume's root, which is ".": elements separated by
// slashes, none of them empty, "." or "..", none longer than NameMax.
//
// No method follows a symbolic link. One in the middle of a name makes every
// method fail with ELOOP; so does one at the end of a name, for Open and
// SetAttr. Nothing was changed then.
//
// Methods are safe for concurrent use. Errors are what [ErrnoOf] understands,
// with the numbers that Linux would return.
type Volume interface {
	// Open opens a regular file or a directory. Of flags it honours the access
	// mode, O_CREAT and O_EXCL. The access mode says what the caller is going
	// to do; the Handle need not enforce it.
	Open(name string, flags int, mode uint32) (Handle, error)
	// Lstat describes a file.
	Lstat(name string) (Stat, error)
	// SetAttr changes attributes.
	SetAttr(name string, a Attr) error
	// Readlink returns where a symbolic link points.
	Readlink(name string) (string, error)
	// Mkdir makes a directory.
	Mkdir(name string, mode uint32) error
	// Symlink makes a symbolic link.
	Symlink(target, name string) error
	// Link gives a file that is not a directory a second name.
	Link(oldName, newName string) error
	// Rename moves a file or a directory, and replaces what newName was.
	Rename(oldName, newName string) error
	// Unlink removes a name of something that is not a directory. Handles on
	// it stay usable.
	Unlink(name string) error
	// Rmdir removes an empty directory.
	Rmdir(name string) error
	// Statfs describes the space of the volume.
	Statfs() (Statfs, error)
}

// Handle is an open file or directory of a [Volume]. It has no offset of its
// own; several [File]s may share one. Methods are safe for concurrent use.
//
// Directories answer EISDIR to the methods on content.
type Handle interface {
	// ReadAt reads up to len(p) bytes at off. At the end of the file it
	// returns less, or 0, and no error. It does not allocate.
	ReadAt(p []byte, off int64) (int, error)
	// WriteAt writes p at off. It returns how much it wrote, and an error if
	// that is less than all.
	WriteAt(p []byte, off int64) (int, error)
	// Append writes p at the end of the file, atomically against other
	// Appends, and returns where the file ended then.
	Append(p []byte) (n int, end int64, err error)
	// Size returns the size in bytes. What has none answers ESPIPE.
	Size() (int64, error)
	// Stat describes the file.
	Stat() (Stat, error)
	// SetAttr changes attributes.
	SetAttr(a Attr) error
	// Truncate sets the size. A file that grows reads as zeros there.
	Truncate(size int64) error
	// Allocate makes sure that writes to the n bytes at off find space, and
	// grows the file to include them.
	Allocate(off, n int64) error
	// Sync makes the content durable; without dataOnly, all metadata as well.
	// On a directory it makes its names durable.
	Sync(dataOnly bool) error
	// ReadDir lists a directory without "." and "..", sorted by name.
	ReadDir() ([]DirEntry, error)
	// Close gives the handle up. It is called once.
	Close() error
}
