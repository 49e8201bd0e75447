package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/vfs"
)

// A toolRun is one run of a tool: the kernel of its guest.
type toolRun struct {
	ctx    context.Context
	dial   func(context.Context) (net.Conn, error)
	guest  *emscripten.Guest
	stdout output
	stderr tail

	conn    *toolConn // nil while there is none
	dialErr error
	names   map[int32]uint32 // of encodings, in the guest's memory
}

// toolFunctions are the functions that a tool imports and that mean something
// else to it than to a process of a cluster.
var toolFunctions = map[string]func(r *toolRun, stack []uint64){
	"recv":  func(r *toolRun, s []uint64) { s[0] = r.recv(uint32(s[1]), uint32(s[2])) },
	"send":  func(r *toolRun, s []uint64) { s[0] = r.send(uint32(s[1]), uint32(s[2])) },
	"yield": func(r *toolRun, _ []uint64) { r.checkContext() },
	"exit": func(r *toolRun, s []uint64) {
		status := int(int32(uint32(s[0])))
		if err := r.atExit(); err != nil {
			panic(err)
		}
		emscripten.Exit(status)
	},
	"__syscall_socket":    func(r *toolRun, s []uint64) { s[0] = r.socket(uint32(s[0])) },
	"pg_encoding_to_char": func(r *toolRun, s []uint64) { s[0] = uint64(r.encodingName(int32(uint32(s[0])))) },

	// What a tool does not do: jumping back to PostgreSQL's main loop, which it
	// does not have, and dumping in parallel, for which it would fork.
	"emscripten_exit_with_live_runtime": func(*toolRun, []uint64) { panic("BUG: a tool left its runtime alive") },
	"__syscall_pipe":                    func(_ *toolRun, s []uint64) { s[0] = negative(vfs.ENOSYS) },
	"__syscall__newselect":              func(_ *toolRun, s []uint64) { s[0] = negative(vfs.ENOSYS) },
}

// negative is the result of a system call that failed.
func negative(e vfs.Errno) uint64 { return uint64(uint32(-int32(e))) }

// checkContext ends the program when its context has ended.
func (r *toolRun) checkContext() {
	if r.ctx.Err() != nil {
		emscripten.Exit(128 + sigTERM)
	}
}

const (
	eAFNoSupport = vfs.Errno(5)
	eConnRefused = vfs.Errno(14)
	ePipe        = vfs.EPIPE
)

// socket is socket(2), and connects at once: PGlite compiled connect(2) to
// success.
func (r *toolRun) socket(family uint32) uint64 {
	r.checkContext()
	if family != afUnix {
		return negative(eAFNoSupport)
	}
	r.hangUp()
	conn, err := r.dial(r.ctx)
	if err != nil {
		r.dialErr = fmt.Errorf("connecting to the server: %w", err)
		return negative(eConnRefused)
	}
	r.conn = newToolConn(conn)
	f, err := r.guest.FS.OpenAt(nil, "/dev/null", vfs.O_RDWR, 0) // stands for it
	if err != nil {
		return negative(vfs.ErrnoOf(err))
	}
	fd, err := r.guest.Files.Open(f)
	if err != nil {
		return negative(vfs.ErrnoOf(err))
	}
	return uint64(uint32(fd))
}

// hangUp closes the connection, if there is one.
func (r *toolRun) hangUp() {
	if r.conn != nil {
		r.conn.close()
		r.conn = nil
	}
}

// recv is recv(2) on the connection. PGlite compiled poll(2) to "ready", so
// that it is recv that has to wait. But libpq also calls it again after a
// large piece, to take what else is there, and must not wait then: so the first
// call after one that got something answers EAGAIN if there is nothing more,
// upon which libpq looks at what it has. If it needs more, it calls again.
func (r *toolRun) recv(buf, n uint32) uint64 {
	r.checkContext()
	if r.conn == nil {
		return r.fail(vfs.EBADF)
	}
	k, err := r.conn.read(r.ctx, r.guest.Bytes(buf, n))
	switch {
	case err == nil:
		return uint64(k)
	case errors.Is(err, errNothingYet):
		return r.fail(eAGAIN)
	case err == io.EOF:
		return 0
	}
	r.checkContext()
	return r.fail(eConnReset)
}

// send is send(2) on the connection. It waits until all is sent.
func (r *toolRun) send(buf, n uint32) uint64 {
	r.checkContext()
	if r.conn == nil {
		return r.fail(vfs.EBADF)
	}
	if err := r.conn.write(r.ctx, r.guest.Bytes(buf, n)); err != nil {
		r.checkContext()
		return r.fail(ePipe)
	}
	return uint64(n)
}

// fail sets errno and returns -1.
func (r *toolRun) fail(e vfs.Errno) uint64 {
	r.guest.SetErrno(e)
	return uint64(^uint32(0))
}

// The methods of emscripten.Kernel.

// Sleep waits for d.
func (r *toolRun) Sleep(d time.Duration) time.Duration {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.ctx.Done():
		r.checkContext()
	}
	return 0
}

// SetTimer does nothing: a tool arms no timer.
func (r *toolRun) SetTimer(time.Duration) {}

// Opened does nothing: nobody needs to know.
func (r *toolRun) Opened(string) {}

func (r *toolRun) Cut(int64) {}

// Outside runs f: nobody else waits for this tool.
func (r *toolRun) Outside(f func()) { f() }

// DlOpen fails: a tool has no libraries.
func (r *toolRun) DlOpen(uint32) bool { return false }

// DlSym fails, too.
func (r *toolRun) DlSym(uint32, string) (uint32, bool) { return 0, false }

// Mapped fails: a tool maps nothing.
func (r *toolRun) Mapped(*vfs.File, uint32, uint32) error { return vfs.ENODEV }

// An output passes on what is written to it, and remembers the first error.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.w == nil || o.err != nil {
		return len(p), o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// maxTail is how much of its standard error a ToolError shows.
const maxTail = 64 << 10

// A tail passes on what is written to it, and remembers the end.
type tail struct {
	w    io.Writer
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if n := len(t.text) - maxTail; n > 0 {
		t.text = append(t.text[:0], t.text[n:]...)
	}
	if t.w != nil {
		return t.w.Write(p)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.text) }
