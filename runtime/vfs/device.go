package vfs

import (
	"crypto/rand"
	"io"
	"maps"
	"strings"
	"sync"
)

// Device is what a character device does. Its methods must be safe for
// concurrent use and must not block: EAGAIN is the answer for later.
type Device interface {
	// ReadAt reads for a guest whose offset is off; 0 bytes mean the end.
	ReadAt(p []byte, off int64) (int, error)
	// WriteAt writes for a guest whose offset is off.
	WriteAt(p []byte, off int64) (int, error)
	// Size is where SEEK_END goes. A device without offsets answers ESPIPE.
	Size() (int64, error)
}

// AddDevice makes a character device at the absolute path, outside the mounted
// volume, whose directory exists. Forks of fs share d.
func (fs *FS) AddDevice(path string, d Device) error {
	if !strings.HasPrefix(path, "/") {
		return EINVAL
	}
	return fs.at(nil, path, false, func(p place) error {
		if p.vol != Volume(fs.root) {
			return EPERM
		}
		return fs.root.mknod(p.name, 0o666, fs.devices.add(d))
	})
}

// Device numbers, major<<8 | minor. Linux has its own for the first five; the
// majors from 240 on are for local use.
const (
	rdevNull    = 1<<8 | 3
	rdevZero    = 1<<8 | 5
	rdevRandom  = 1<<8 | 8
	rdevUrandom = 1<<8 | 9
	rdevTTY     = 5 << 8
	rdevStdin   = 240 << 8
	rdevStdout  = 240<<8 | 1
	rdevStderr  = 240<<8 | 2
	rdevAdded   = 241 << 8
)

var standardDevices = []struct {
	name string
	rdev uint64
}{
	{"null", rdevNull},
	{"zero", rdevZero},
	{"random", rdevRandom},
	{"urandom", rdevUrandom},
	{"tty", rdevTTY},
	{"stdin", rdevStdin},
	{"stdout", rdevStdout},
	{"stderr", rdevStderr},
}

// devices knows what the device numbers of one FS do.
type devices struct {
	stdout, stderr *output

	mu     sync.Mutex
	byRdev map[uint64]Device
	next   uint64
}

func newDevices(stdout, stderr io.Writer) *devices {
	d := &devices{
		stdout: &output{w: stdout},
		stderr: &output{w: stderr},
		byRdev: map[uint64]Device{},
		next:   rdevAdded,
	}
	d.fill()
	return d
}

func (d *devices) fill() {
	d.byRdev[rdevNull] = nullDevice{}
	d.byRdev[rdevZero] = zeroDevice{}
	d.byRdev[rdevRandom] = randomDevice{}
	d.byRdev[rdevUrandom] = randomDevice{}
	d.byRdev[rdevTTY] = d.stdout
	d.byRdev[rdevStdin] = stdinDevice{}
	d.byRdev[rdevStdout] = d.stdout
	d.byRdev[rdevStderr] = d.stderr
}

// fork returns devices with outputs of their own, which go to the same writers.
func (d *devices) fork() *devices {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := newDevices(d.stdout.get(), d.stderr.get())
	own := maps.Clone(c.byRdev)
	maps.Copy(c.byRdev, d.byRdev)
	maps.Copy(c.byRdev, own)
	c.next = d.next
	return c
}

func (d *devices) add(dev Device) (rdev uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	rdev = d.next
	d.next++
	d.byRdev[rdev] = dev
	return rdev
}

// open returns a Handle of the device that the inode h stands for.
func (d *devices) open(h Handle, rdev uint64) (Handle, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dev, ok := d.byRdev[rdev]
	if !ok {
		return nil, ENXIO
	}
	return &deviceHandle{Handle: h, dev: dev, rdev: rdev}, nil
}

// deviceHandle has the attributes of an inode and the content of a device.
type deviceHandle struct {
	Handle
	dev  Device
	rdev uint64
}

func (h *deviceHandle) ReadAt(p []byte, off int64) (int, error)  { return h.dev.ReadAt(p, off) }
func (h *deviceHandle) WriteAt(p []byte, off int64) (int, error) { return h.dev.WriteAt(p, off) }
func (h *deviceHandle) Size() (int64, error)                     { return h.dev.Size() }

func (h *deviceHandle) Append(p []byte) (n int, end int64, err error) {
	end, _ = h.dev.Size()
	n, err = h.dev.WriteAt(p, end)
	return n, end + int64(n), err
}

type nullDevice struct{}

func (nullDevice) ReadAt([]byte, int64) (int, error)      { return 0, nil }
func (nullDevice) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (nullDevice) Size() (int64, error)                   { return 0, nil }

type zeroDevice struct{ nullDevice }

func (zeroDevice) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}

type randomDevice struct{ nullDevice }

func (randomDevice) ReadAt(p []byte, _ int64) (int, error) { return rand.Read(p) }

// stdinDevice is always at its end.
type stdinDevice struct{}

func (stdinDevice) ReadAt([]byte, int64) (int, error)  { return 0, nil }
func (stdinDevice) WriteAt([]byte, int64) (int, error) { return 0, EBADF }
func (stdinDevice) Size() (int64, error)               { return 0, ESPIPE }

// output passes what is written on to a writer.
type output struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *output) get() io.Writer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w
}

func (o *output) set(w io.Writer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.w = w
}

func (o *output) ReadAt([]byte, int64) (int, error) { return 0, nil }

func (o *output) WriteAt(p []byte, _ int64) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.w == nil {
		return len(p), nil
	}
	return o.w.Write(p)
}

func (o *output) Size() (int64, error) { return 0, ESPIPE }
