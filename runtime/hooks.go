package runtime

import (
	"io"
	"time"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/tetratelabs/wazero/sys"
)

// hooks are the functions of the module link.Hooks, with which the linked
// PostgreSQL calls its kernel. Parameters and result are on the stack; the
// upper half of an i32 is undefined.
var hooks = map[string]func(p *process, stack []uint64){
	"fork_point": func(p *process, _ []uint64) { panic(forkPoint) },
	"poll": func(p *process, s []uint64) {
		s[0] = uint64(p.poll(uint32(s[0]), int32(uint32(s[1])), int64(s[2])))
	},
	"interrupts":         func(p *process, _ []uint64) { p.interrupts() },
	"kill":               func(p *process, s []uint64) { s[0] = p.kill(int32(uint32(s[0])), int32(uint32(s[1]))) },
	"getpid":             func(p *process, s []uint64) { s[0] = uint64(uint32(p.pid)) },
	"sem_wait":           func(p *process, s []uint64) { p.semWait(uint32(s[0])) },
	"nanosleep":          func(p *process, s []uint64) { s[0] = p.nanosleep(uint32(s[0]), uint32(s[1])) },
	"recv":               func(p *process, s []uint64) { s[0] = p.recv(uint32(s[1]), uint32(s[2])) },
	"send":               func(p *process, s []uint64) { s[0] = p.send(uint32(s[1]), uint32(s[2])) },
	"system":             func(p *process, s []uint64) { s[0] = p.system(uint32(s[0])) },
	"popen":              func(p *process, s []uint64) { s[0] = p.popen(uint32(s[0]), uint32(s[1])) },
	"zero":               func(p *process, s []uint64) { p.guest.Mem.Zero(uint64(uint32(s[0])), uint64(uint32(s[1]))) },
	"request_checkpoint": func(p *process, s []uint64) { s[0] = p.requestCheckpoint(uint32(s[0])) },
	"pclose":             func(p *process, s []uint64) { s[0] = p.pclose(uint32(s[0])) },
	"collation_version":  func(p *process, s []uint64) { p.collationVersion(uint32(s[0]), uint32(s[1])) },

	"client":           func(p *process, _ []uint64) { p.describeClient() },
	"client_cert":      func(p *process, s []uint64) { s[0] = p.clientCert(uint32(s[0])) },
	"cert_auth":        func(p *process, s []uint64) { s[0] = p.certAuth(uint32(s[0]), uint32(s[1])) },
	"hba_cert":         func(p *process, s []uint64) { p.hbaCert(uint32(s[0]), uint32(s[1]), uint32(s[2]), uint32(s[3])) },
	"peer":             func(p *process, s []uint64) { s[0] = p.peer(uint32(s[0])) },
	"encryption":       func(p *process, s []uint64) { s[0] = uint64(p.encryption()) },
	"authorized":       func(p *process, s []uint64) { p.authorized(uint32(s[0])) },
	"ssl_status":       func(p *process, s []uint64) { s[0] = p.sslStatus(uint32(s[0])) },
	"getifaddrs":       func(p *process, s []uint64) { s[0] = p.getifaddrs(uint32(s[0])) },
	"scram_mechanisms": func(p *process, s []uint64) { p.scramMechanisms(uint32(s[0])) },
	"scram_mechanism":  func(p *process, s []uint64) { s[0] = p.scramMechanism(uint32(s[0])) },
	"scram_unbound":    func(p *process, _ []uint64) { p.scramUnbound() },
	"scram_binding":    func(p *process, s []uint64) { p.scramBinding(uint32(s[0])) },
}

// defineHooks defines the hooks among the imports of a module.
func defineHooks(b *emscripten.Builder, imports []link.Import) {
	for _, im := range imports {
		if im.Module != link.Hooks {
			continue
		}
		f := hooks[im.Name]
		if f == nil {
			panic("BUG: unknown hook " + im.Name)
		}
		b.Function(im, func(g *emscripten.Guest, stack []uint64) { f(g.Owner.(*process), stack) })
	}
}

// forkPoint unwinds main when the postmaster is about to start children.
var forkPoint = sys.NewExitError(1 << 31)

// fail sets errno and returns -1.
func (p *process) fail(e vfs.Errno) uint64 {
	p.guest.SetErrno(e)
	return uint64(^uint32(0))
}

// Offsets in struct WaitEventSet (PostgreSQL 18, waiteventset.c): how many
// events it has, and the array of struct pollfd that goes with them.
const (
	setNEvents = 4
	setPollfds = 28
)

// poll waits until a descriptor of the set is ready (it returns how many are),
// the timeout has passed (0) or a signal came (-1, EINTR). timeout is in
// milliseconds from the time -negStart of the monotonic clock; less than 0 is
// for ever.
func (p *process) poll(set uint32, timeout int32, negStart int64) uint32 {
	g := p.guest
	n, fds := g.Load32(set+setNEvents), g.Load32(set+setPollfds)
	for {
		if p.deliver() {
			return uint32(p.fail(eINTR))
		}
		if ready := p.ready(fds, n); ready > 0 {
			return ready
		}
		left := forever
		if timeout >= 0 {
			left = time.Duration(timeout)*time.Millisecond - (g.Monotonic() + time.Duration(negStart))
			if left <= 0 {
				return 0
			}
		}
		p.park(left)
	}
}

const (
	eINTR  = vfs.EINTR
	eAGAIN = vfs.EAGAIN
	eSRCH  = vfs.Errno(71)

	eConnReset = vfs.Errno(15)
)

// ready fills the revents of n struct pollfd (fd int32, events and revents
// int16) and returns how many have some.
func (p *process) ready(fds, n uint32) uint32 {
	count := uint32(0)
	for at := fds; n > 0; at, n = at+8, n-1 {
		word := p.guest.Load32(at + 4)
		events := uint16(word)
		fd := int32(p.guest.Load32(at))
		var revents uint16
		if p.socket != nil && fd == p.clientFD {
			if p.socket.Readable() {
				revents |= events & emscripten.PollIn
			}
			if p.socket.Writable() {
				revents |= events & emscripten.PollOut
			}
			if p.socket.HungUp() {
				revents |= events & emscripten.PollRDHup
			}
		} else {
			revents = p.guest.Ready(fd, events)
		}
		p.guest.Store32(at+4, uint32(events)|uint32(revents)<<16)
		if revents != 0 {
			count++
		}
	}
	return count
}

// recv is recv(2) on the client's connection.
func (p *process) recv(buf, n uint32) uint64 {
	if p.socket == nil {
		return p.fail(vfs.EBADF)
	}
	if !p.socket.Readable() {
		return p.fail(eAGAIN)
	}
	k, err := p.socket.Recv(p.guest.Bytes(buf, n))
	switch {
	case k > 0 || err == nil || err == io.EOF:
		return uint64(k)
	}
	return p.fail(eConnReset)
}

// send is send(2) on the client's connection.
func (p *process) send(buf, n uint32) uint64 {
	if p.socket == nil {
		return p.fail(vfs.EBADF)
	}
	if !p.socket.Writable() {
		return p.fail(eAGAIN)
	}
	k, err := p.socket.Send(p.guest.Bytes(buf, n))
	switch {
	case k > 0 || err == nil:
		return uint64(k)
	case !p.socket.Writable(): // there was no room
		return p.fail(eAGAIN)
	}
	return p.fail(eConnReset)
}

// nanosleep waits as long as the struct timespec at req says, and stores what
// is left at rem when a signal ends it early.
func (p *process) nanosleep(req, rem uint32) uint64 {
	g := p.guest
	left := p.Sleep(time.Duration(g.Load64(req))*time.Second + time.Duration(g.Load32(req+8)))
	if left == 0 {
		return 0
	}
	if rem != 0 {
		g.Store64(rem, uint64(left/time.Second))
		g.Store32(rem+8, uint32(left%time.Second))
	}
	return p.fail(eINTR)
}

// PostgreSQL has no shell and no other programs; initdb has the shell that
// runs postgres.

func (p *process) system(cmd uint32) uint64 {
	if p.shell != nil && cmd != 0 {
		return p.shell.system(p, p.guest.CString(cmd))
	}
	if cmd == 0 {
		return 0 // "is there a shell?"
	}
	return p.fail(vfs.ENOSYS)
}

// popen answers the one command that PostgreSQL runs by itself: "locale -a",
// when it imports the system's collations. PGlite ships the answer as a file.
func (p *process) popen(cmd, mode uint32) uint64 {
	g := p.guest
	if p.shell != nil {
		return p.shell.popen(p, g.CString(cmd), g.CString(mode))
	}
	if g.CString(cmd) != "locale -a" {
		p.fail(vfs.ENOSYS)
		return 0
	}
	f, err := g.Call("fopen", uint64(g.NewString("/pglite/locale-a")), uint64(mode))
	if err != nil {
		panic(err)
	}
	return f
}

func (p *process) pclose(file uint32) uint64 {
	if p.shell != nil {
		return p.shell.pclose(p, file)
	}
	status, err := p.guest.Call("fclose", uint64(file))
	if err != nil {
		panic(err)
	}
	return status
}
