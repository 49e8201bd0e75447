// Package tree finds the files of a data directory, in a folder or in an archive, and says what it is when it is none.
//
// A folder is read through [os.Root], and no link in it is followed. A tar archive is indexed once and then read at any
// place. One that is compressed can only be read from its beginning: it is read once for the index, and once for each
// [Tree.Visit] whose files were not kept.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Container is what the files are in.
type Container string

// Containers.
const (
	Folder Container = "directory"
	Tar    Container = "tar"
	TarGz  Container = "tar.gz"
	Single Container = "file" // no container: what is looked at is one file
)

// Limits of what is held in memory.
const (
	MaxFiles     = 1 << 18  // files, and as many other entries
	maxNameBytes = 64 << 20 // all names together
	maxDepth     = 16       // folders in folders; PostgreSQL needs 5
	maxKept      = 96 << 20 // contents of files of a compressed archive
)

// A File is a regular file.
type File struct {
	Name string // relative, with slashes
	Size int64  // of what is there; in an archive that is cut off it may be less than the header says
	at   int64  // offset of the content in a tar, number of the entry in a tar.gz
	kept []byte // of a tar.gz
}

// An Entry is something that is neither a regular file nor a folder, and is not read.
type Entry struct {
	Name string
	What string // such as "symbolic link to /etc"
}

// A Tree is the files of a folder or an archive. It is safe for concurrent use once it is open.
type Tree struct {
	Container Container
	// Kind is what the path is, if it holds no data directory as far as a first look tells.
	Kind Kind
	// Size is that of the file, or of all files of a folder.
	Size int64
	// Truncated says why an archive could not be read to its end; nil if it could.
	Truncated error
	// TooMany tells that there are more files than MaxFiles, and some are left out.
	TooMany bool
	// Names are the first names in a zip.
	Names []string
	// Others are what is not read.
	Others []Entry

	files  []*File // sorted by name
	byName map[string]*File
	dirs   map[string]bool
	prefix string // of all names, as they are in the container

	source source
	names  int // bytes of names so far
	kept   int64
}

// A source reads the contents of files.
type source interface {
	io.Closer
	// visit calls fn for each part, with a reader of its bytes. Parts are sorted by file and place.
	visit(ctx context.Context, parts []part, fn func(Part, io.Reader) error) error
	// readAt is as in io.ReaderAt.
	readAt(f *File, b []byte, off int64) (int, error)
}

// Keep says which files of a compressed archive are worth their memory.
type Keep func(name string, size int64) bool

// Open looks at a path. What is not a container of files is a tree of Kind and Container Single. The tree must be closed.
func Open(ctx context.Context, path string, keep Keep) (_ *Tree, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	t := &Tree{byName: map[string]*File{}, dirs: map[string]bool{}}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	switch mode := info.Mode(); {
	case mode.IsDir():
		t.Container = Folder
		err = t.openFolder(ctx, path)
	case mode.IsRegular():
		t.Size = info.Size()
		err = t.openFile(ctx, path, keep)
	default:
		return nil, fmt.Errorf("%s is neither a file nor a directory", path)
	}
	if err != nil {
		return nil, err
	}
	t.sort()
	if t.Kind == "" {
		t.Kind = kindOfNames(t)
	}
	return t, nil
}

// Close closes what the tree reads from. It is idempotent.
func (t *Tree) Close() error {
	if t.source == nil {
		return nil
	}
	s := t.source
	t.source = nil
	return s.Close()
}

// Files returns all files, sorted by name.
func (t *Tree) Files() []*File { return t.files }

// File returns a file, or nil.
func (t *Tree) File(name string) *File { return t.byName[name] }

// Dir tells whether there is a folder.
func (t *Tree) Dir(name string) bool { return t.dirs[name] }

// Below returns the files whose names begin with a prefix.
func (t *Tree) Below(prefix string) []*File {
	start, _ := slices.BinarySearchFunc(t.files, prefix, func(f *File, p string) int { return strings.Compare(f.Name, p) })
	end := start
	for end < len(t.files) && strings.HasPrefix(t.files[end].Name, prefix) {
		end++
	}
	return t.files[start:end]
}

// Root makes the tree that of a folder in it, whose name is relative and not empty.
func (t *Tree) Root(dir string) {
	prefix := dir + "/"
	t.prefix += prefix
	files := t.Below(prefix)
	t.files, t.byName = nil, map[string]*File{}
	for _, f := range files {
		f.Name = f.Name[len(prefix):]
		t.files = append(t.files, f)
		t.byName[f.Name] = f
	}
	dirs := t.dirs
	t.dirs = map[string]bool{}
	for d := range dirs {
		if name, ok := strings.CutPrefix(d, prefix); ok {
			t.dirs[name] = true
		}
	}
	others := t.Others
	t.Others = nil
	for _, o := range others {
		if name, ok := strings.CutPrefix(o.Name, prefix); ok {
			t.Others = append(t.Others, Entry{name, o.What})
		}
	}
}

// ErrNotKept is returned for a file of a compressed archive that was not kept.
var ErrNotKept = errors.New("the file is in a compressed archive and was not kept")

// ReadAt fills b from a place in a file.
func (t *Tree) ReadAt(name string, b []byte, off int64) error {
	f := t.File(name)
	if f == nil {
		return fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	if off < 0 || off > f.Size-int64(len(b)) {
		return io.ErrUnexpectedEOF
	}
	if f.kept != nil {
		copy(b, f.kept[off:])
		return nil
	}
	n, err := t.source.readAt(f, b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// ReadFile returns a file's content, up to max bytes of it.
func (t *Tree) ReadFile(name string, max int64) ([]byte, error) {
	f := t.File(name)
	if f == nil {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	b := make([]byte, min(f.Size, max))
	return b, t.ReadAt(name, b, 0)
}

// add adds a file, unless there are too many. One of the same name is replaced, as unpacking would.
func (t *Tree) add(f *File) {
	if !t.room(f.Name) {
		return
	}
	if old := t.byName[f.Name]; old != nil {
		t.kept -= int64(len(old.kept))
	}
	t.byName[f.Name] = f
}

func (t *Tree) addOther(name, what string) {
	if len(t.Others) >= MaxFiles || !t.room(name+what) {
		t.TooMany = true
		return
	}
	t.Others = append(t.Others, Entry{name, what})
}

func (t *Tree) addDir(name string) {
	if !t.dirs[name] && t.room(name) {
		t.dirs[name] = true
	}
}

// room tells whether there is room for one more name.
func (t *Tree) room(name string) bool {
	if t.names += len(name); len(t.byName) >= MaxFiles || len(t.dirs) >= MaxFiles || t.names > maxNameBytes {
		t.TooMany = true
		return false
	}
	return true
}

func (t *Tree) sort() {
	t.files = t.files[:0]
	for _, f := range t.byName {
		t.files = append(t.files, f)
	}
	slices.SortFunc(t.files, func(a, b *File) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(t.Others, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
}
