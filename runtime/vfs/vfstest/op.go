package vfstest

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/calfdb/calf/runtime/vfs"
)

// Kind is a set of kinds of operations.
type Kind uint32

// The kinds, each named after the method of vfs.Volume or vfs.Handle that does
// it. Closing is no operation: it cannot fail.
const (
	Open   Kind = 1 << iota // of what exists
	Create                  // Open that makes a file
	Lstat
	SetAttr
	Readlink
	Mkdir
	Symlink
	Link
	Rename
	Unlink
	Rmdir
	Statfs
	ReadAt
	WriteAt
	Append
	Size
	Stat
	Truncate
	Allocate
	Sync    // of a file
	SyncDir // Sync of a directory
	ReadDir

	end
)

// Sets of kinds.
const (
	// Any is every operation.
	Any = end - 1
	// Changes are the operations after which files or names are not what they
	// were.
	Changes = Create | SetAttr | Mkdir | Symlink | Link | Rename | Unlink | Rmdir | WriteAt | Append | Truncate | Allocate
	// Space are the operations that need space on the disk.
	Space = Create | Mkdir | Symlink | Link | Rename | WriteAt | Append | Truncate | Allocate
	// Access are the operations for which the kernel asks who may do them.
	Access = Open | Create | Mkdir | Symlink | Link | Rename | Unlink | Rmdir | SetAttr
	// Syncs make something durable.
	Syncs = Sync | SyncDir
)

var kindNames = [...]string{
	"Open", "Create", "Lstat", "SetAttr", "Readlink", "Mkdir", "Symlink", "Link", "Rename", "Unlink", "Rmdir", "Statfs",
	"ReadAt", "WriteAt", "Append", "Size", "Stat", "Truncate", "Allocate", "Sync", "SyncDir", "ReadDir",
}

// String returns the names, with | between them.
func (k Kind) String() string {
	var names []string
	for ; k != 0; k &= k - 1 {
		names = append(names, kindNames[bits.TrailingZeros32(uint32(k))])
	}
	return strings.Join(names, "|")
}

// An Op is one operation on a volume.
type Op struct {
	Kind Kind
	// Name is what it is done to; of an open file, the name that it was opened
	// by.
	Name string
	// To is the new name, of Link and Rename.
	To string
	// Off and Len say what part of the file is read, written or allocated. Off
	// is the size that Truncate sets.
	Off, Len int64

	handle vfs.Handle // of Sync
}

func (o Op) String() string {
	switch o.Kind {
	case Link, Rename:
		return fmt.Sprintf("%v %s to %s", o.Kind, o.Name, o.To)
	case ReadAt, WriteAt, Append, Truncate, Allocate:
		return fmt.Sprintf("%v %s %d+%d", o.Kind, o.Name, o.Off, o.Len)
	}
	return fmt.Sprintf("%v %s", o.Kind, o.Name)
}
