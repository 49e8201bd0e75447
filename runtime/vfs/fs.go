package vfs

import (
	"io"
	"sync"
	"sync/atomic"
)

// Options configure an [FS]. The zero value works.
type Options struct {
	// Stdout and Stderr get what the guest writes to /dev/stdout and
	// /dev/stderr; nil discards it. Writes are serialised.
	Stdout, Stderr io.Writer
	// MaxBytes bounds the tree in memory, as in [NewMemory]; 0 is no limit.
	MaxBytes int64
}

// FS is the name space that the processes of one cluster see: a tree in
// memory and at most one mounted [Volume]. It is safe for concurrent use.
//
// Close gives back what the tree in memory holds; a mounted Volume stays its
// owner's.
type FS struct {
	root    *Memory
	mounted atomic.Pointer[mount]
	devices *devices

	forking sync.Mutex // held by Fork

	mu   sync.Mutex         // guards dirs and their path and gone
	dirs map[*File]struct{} // open directories
}

type mount struct {
	path string
	vol  Volume
}

// The Dev of files in the tree in memory and in the mounted volume.
const (
	rootDev    = 1
	mountedDev = 2
)

// New returns a file system with the directories /, /tmp, /home/postgres,
// /dev, /dev/shm and /proc/self/fd and the devices null, zero, random,
// urandom, tty, stdin (which is at its end), stdout and stderr.
func New(o Options) *FS {
	fs := &FS{root: NewMemory(o.MaxBytes), dirs: map[*File]struct{}{}}
	fs.must(fs.root.SetAttr(".", Attr{Mode: new(uint32(0o755))}))
	fs.must(fs.MkdirAll("/home/postgres", 0o755))
	fs.must(fs.MkdirAll("/proc/self/fd", 0o755))
	fs.must(fs.MkdirAll("/dev", 0o755))
	for _, dir := range []string{"tmp", "dev/shm"} {
		fs.must(fs.root.Mkdir(dir, 0o1777))
	}
	fs.devices = newDevices(o.Stdout, o.Stderr)
	for _, d := range standardDevices {
		fs.must(fs.root.mknod("dev/"+d.name, 0o666, d.rdev))
	}
	return fs
}

// must is for what cannot fail on a new tree.
func (fs *FS) must(err error) {
	if err != nil {
		panic("BUG: vfs: making a new file system: " + err.Error())
	}
}

// Mount puts v at the absolute path, making missing directories. It fails with
// EBUSY if something is mounted already.
func (fs *FS) Mount(path string, v Volume) error {
	if err := fs.MkdirAll(path, 0o755); err != nil {
		return err
	}
	return fs.at(nil, path, true, func(p place) error {
		if _, err := p.stat(true); err != nil {
			return err
		}
		if p.vol != Volume(fs.root) || p.name == "." {
			return EBUSY
		}
		if !fs.mounted.CompareAndSwap(nil, &mount{p.path, v}) {
			return EBUSY
		}
		return nil
	})
}

// Close is [Memory.Close] of the tree in memory.
func (fs *FS) Close() error { return fs.root.Close() }

// SetOutput replaces the writers of [Options], for all open files too.
func (fs *FS) SetOutput(stdout, stderr io.Writer) {
	fs.devices.stdout.set(stdout)
	fs.devices.stderr.set(stderr)
}

// place says what an absolute path means.
func (fs *FS) place(path string) place {
	if m := fs.mounted.Load(); m != nil && within(path, m.path) {
		return place{vol: m.vol, dev: mountedDev, name: relative(path[len(m.path):]), path: path}
	}
	return place{vol: fs.root, dev: rootDev, name: relative(path), path: path}
}

// within tells whether path is dir or below it; both are absolute.
func within(path, dir string) bool {
	return path == dir || dir == "/" ||
		len(path) > len(dir) && path[len(dir)] == '/' && path[:len(dir)] == dir
}

// relative turns "/a/b" into "a/b", and "/" and "" into ".".
func relative(path string) string {
	if len(path) <= 1 {
		return "."
	}
	return path[1:]
}
