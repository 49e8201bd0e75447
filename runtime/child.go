package runtime

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/vfs"
)

// A child is a running process.
type child struct {
	*process
	slot uint32        // the guest's PMChild; 0 of a dead-end backend
	done chan struct{} // closed when it has ended and been reaped
	err  *CrashError   // why it ended, if it should not have
	code int           // its exit status
}

// Offsets in struct PMChild (postmaster.h).
const pmChildSlot = 4

// run is the life of a child.
func (pm *postmaster) run(ch *child) {
	defer pm.reaping.Done()
	slot := uint32(0)
	if ch.slot != 0 {
		pm.mu.Lock()
		slot = pm.proc.guest.Load32(ch.slot + pmChildSlot)
		pm.mu.Unlock()
	}
	pm.c.sched.acquire(ch.process)
	err := ch.main(slot)
	pm.c.sched.release(ch.process)
	status, exited := emscripten.ExitStatus(err)
	if ch.code = status; !exited {
		ch.err = pm.newCrash(ch, err)
	}
	if ch.socket != nil {
		ch.socket.SetNotify(nil)
	}
	pm.reap(ch)
}

// reap takes an ended child off the books. If the child crashed, the others
// are ended too, and after the last the cluster is told.
func (pm *postmaster) reap(ch *child) {
	clean, err := pm.releaseSlot(ch.slot)
	pm.procMu.Lock()
	delete(pm.procs, ch.pid)
	if ch.err == nil && pm.crash == nil {
		// A process that exits with 0 or 1 must have detached from shared
		// memory; another status is a crash in any case.
		switch {
		case err != nil:
			ch.err = pm.newCrash(ch, err)
		case ch.code > 1 || !clean:
			ch.err = pm.newCrash(ch, fmt.Errorf("exit status %d", ch.code))
		}
	}
	first := ch.err != nil && pm.crash == nil
	if first {
		pm.crash, pm.stopping = ch.err, true
	}
	crash, last := pm.crash, len(pm.procs) == 0
	pm.procMu.Unlock()
	if ch.err == nil {
		ch.retire()
	} else {
		ch.close()
	}
	if first {
		pm.c.crashing(pm, crash)
		pm.quickdie()
	}
	close(ch.done)
	if slices.Contains(permanent, ch.kind) {
		pm.relaunch()
	}
	if crash != nil && last {
		pm.c.crashed(pm, crash)
	}
}

// quickdieTimeout is how long backends have to tell their clients, as in
// PostgreSQL (SIGKILL_CHILDREN_AFTER_SECS).
const quickdieTimeout = 5 * time.Second

// quickdie ends all processes after a crash. Backends tell their clients why
// (SQLSTATE 57P02), if they can.
func (pm *postmaster) quickdie() {
	_ = pm.locked(func() error {
		g := pm.proc.guest
		g.Store32(g.Load32(g.Address("PMSignalState"))+pmSigquitReason, pmquitForCrash)
		return nil
	})
	for _, ch := range pm.children() {
		if ch.kind != bBackend {
			ch.kill9()
			continue
		}
		ch.post(sigQUIT)
		late := time.AfterFunc(quickdieTimeout, ch.kill9)
		go func() {
			<-ch.done
			late.Stop()
		}()
	}
}

// main is the child's side of postmaster_child_launch: what a process does
// after fork, up to the main function of its kind.
func (ch *child) main(slot uint32) error {
	p, g := ch.process, ch.guest
	for _, name := range []string{"before_shmem_exit_index", "on_shmem_exit_index", "on_proc_exit_index"} {
		g.Store32(g.Address(name), 0) // on_exit_reset
	}
	g.Store32(g.Address("MyProcPid"), uint32(p.pid))
	g.Bytes(g.Address("IsUnderPostmaster"), 1)[0] = 1
	// The part of InitPostmasterChild that the build still has, under another
	// name: random seed, start time, latch, self-pipe, blocked signals.
	if _, err := g.Call("InitStandaloneProcess", uint64(g.NewString("postgres"))); err != nil {
		return err
	}
	g.Store32(g.Address("MyBackendType"), uint32(p.kind))
	g.Store32(g.Address("CurrentMemoryContext"), g.Load32(g.Address("TopMemoryContext")))
	g.Store32(g.Address("MyPMChildSlot"), slot)
	var data, size uint32
	if p.socket != nil {
		if err := p.openClient(); err != nil {
			return err
		}
		data, size = p.startupData()
		// A local variable of PostgresMain that PGlite made global, and
		// forgot to set before the loop.
		g.Bytes(g.Address("send_ready_for_query"), 1)[0] = 1
	}
	kinds := g.Address("child_process_kinds") + childKindSize*uint32(p.kind)
	return p.callTable("vii", g.Load32(kinds+childKindMain), uint64(data), uint64(size))
}

// Layout of struct ClientSocket (libpq-be.h): the descriptor, the address and
// its length. A sockaddr_storage has 128 bytes.
const (
	clientSocketAddr    = 4
	clientSocketAddrLen = clientSocketAddr + 128
	clientSocketSize    = clientSocketAddrLen + 4

	afUnix = 1
)

// openClient gives the client's connection a descriptor and sets MyClientSocket.
func (p *process) openClient() error {
	g := p.guest
	f, err := g.FS.OpenAt(nil, "/dev/null", vfs.O_RDWR, 0)
	if err != nil {
		return err
	}
	fd, err := g.Files.Open(f)
	if err != nil {
		return err
	}
	p.clientFD = int32(fd)
	cs := g.Malloc(clientSocketSize)
	b := g.Bytes(cs, clientSocketSize)
	clear(b)
	g.Store32(cs, uint32(fd))
	addr := sockaddr(p.socket.RemoteAddr())
	if addr[0] != afUnix {
		g.Names = p
	}
	copy(b[clientSocketAddr:], addr)
	g.Store32(cs+clientSocketAddrLen, uint32(len(addr)))
	g.Store32(g.Address("MyClientSocket"), cs)
	return nil
}

// sockaddr returns an address as a struct sockaddr. One that is no TCP address
// is that of a Unix-domain socket without a name.
func sockaddr(a net.Addr) []byte {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return []byte{afUnix, 0}
	}
	ap := tcp.AddrPort()
	return emscripten.MarshalSockaddr(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
}

// Layout of struct BackendStartupData (backend_startup.h): whether connections
// are accepted (enum CAC_state), when the socket was made and when the process.
const (
	startupDataSize = 24

	cacOK      = 0
	cacTooMany = 5
)

func (p *process) startupData() (addr, size uint32) {
	g := p.guest
	addr = g.Malloc(startupDataSize)
	clear(g.Bytes(addr, startupDataSize))
	state := uint32(cacOK)
	if p.kind == bDeadEndBackend {
		state = cacTooMany
	}
	g.Store32(addr, state)
	return addr, startupDataSize
}
