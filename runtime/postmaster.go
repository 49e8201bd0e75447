package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
)

// A postmaster is one life of a cluster, from boot to shutdown or crash. The
// guest's postmaster boots in a process of its own, which stops where it would
// fork its first child; that state is the image from which all children are
// cloned. Afterwards the process only keeps the books that are in its memory.
type postmaster struct {
	c     *Cluster
	proc  *process // its turn is taken with mu held
	image atomic.Pointer[image]

	mu     sync.Mutex     // guards proc after boot
	ranges []linmem.Range // mapped before the image was made

	procMu   sync.Mutex // guards what follows
	procs    map[int32]*child
	crash    *CrashError
	stopping bool           // only processes that exist go on
	starting sync.WaitGroup // children that are being started by signals
	reaping  sync.WaitGroup // children, until nothing is left to do about their ends

	// The cluster's mu guards these.
	restart   bool // the cluster waits for the last process to end
	stillborn bool // a process crashed before this was the cluster's postmaster

	spares   spares
	segments sharedSegments
	wal      walCounter

	xlogShutdown chan struct{} // closed when the shutdown checkpoint is written
}

// image is what children are cloned from.
type image struct {
	mem       *linmem.Image
	sp        uint32
	umask     uint32
	files     *vfs.Table
	libraries []loadedLibrary
}

// A child is a running process.
type child struct {
	*process
	slot uint32        // the guest's PMChild
	done chan struct{} // closed when it has ended and been reaped
	err  *CrashError   // why it ended, if it should not have
	code int           // its exit status
}

// postmasterPID is the process ID of every postmaster: the constant that
// Emscripten's getpid returns.
const postmasterPID = 42

// defaultSettings are the parameters that calf sets for every cluster, with
// what would go wrong without.
var defaultSettings = map[string]string{
	"listen_addresses":                "", // the host listens
	"unix_socket_directories":         "",
	"io_method":                       "sync", // there are no I/O workers
	"max_worker_processes":            "0",
	"max_parallel_workers":            "0",
	"max_parallel_workers_per_gather": "0",
	"max_logical_replication_workers": "0",
	"log_line_prefix":                 logLinePrefix,
	"logging_collector":               "off",
	// Room for dynamic shared memory inside the main segment.
	"min_dynamic_shared_memory": "16MB",
}

// copiedSettings are further ones for a cluster whose shared memory is copied
// at each turn: they keep it small.
var copiedSettings = map[string]string{
	"shared_buffers":            "8MB",
	"min_dynamic_shared_memory": "0",
	"huge_pages":                "off", // would round to 2 MiB
}

// environment is that of every process.
var environment = []string{
	"HOME=/home/postgres", "USER=postgres", "LOGNAME=postgres", "PGDATA=" + DataPath, "PATH=/",
	"LANG=C.UTF-8", "LC_COLLATE=C.UTF-8", "LC_CTYPE=C.UTF-8", "TZ=UTC", "PGTZ=UTC", "ICU_DATA=/pglite/icu",
}

func startPostmaster(ctx context.Context, c *Cluster) (_ *postmaster, err error) {
	pm := &postmaster{c: c, procs: map[int32]*child{}, xlogShutdown: make(chan struct{})}
	if err := pm.boot(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			pm.abandon()
		}
	}()
	// The startup process leaves the checkpoint at the end of recovery to the
	// checkpointer.
	if _, err := pm.start(bCheckpointer, nil); err != nil {
		return nil, err
	}
	startup, err := pm.start(bStartup, nil)
	if err != nil {
		return nil, err
	}
	select {
	case <-startup.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if startup.err != nil {
		return nil, pm.c.log.failure(startup.err)
	}
	if startup.code != 0 {
		return nil, pm.c.log.failure(fmt.Errorf("the startup process exited with status %d", startup.code))
	}
	if err := pm.startBackground(); err != nil {
		return nil, err
	}
	if err := pm.crashError(); err != nil {
		return nil, err
	}
	return pm, nil
}

// startBackground starts the processes that work beside the backends.
func (pm *postmaster) startBackground() error {
	if pm.c.cfg.NoBackground {
		return nil
	}
	for _, kind := range []backendType{bBgWriter, bWalWriter, bAutovacLauncher} {
		if _, err := pm.start(kind, nil); err != nil {
			return err
		}
	}
	return nil
}

// boot runs the guest's postmaster up to the point where it would fork.
func (pm *postmaster) boot() (err error) {
	mem, err := pm.c.newMemory()
	if err != nil {
		return err
	}
	p, err := newProcess(pm, pm.c.sched, postmasterPID, mem)
	if err != nil {
		return err
	}
	pm.proc = p
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	g := p.guest
	pm.c.compiled.Store(compiled(g.Module().ExportedFunction("__wasm_call_ctors")))
	g.FS, g.Env = pm.c.fs, environment
	if g.Files, err = standardFiles(g.FS); err != nil {
		return err
	}
	copy(mem.Bytes(), pm.c.mod.data)
	// The data directory is this cluster's alone, so the file is a remnant. It
	// may name a process of another system, or be empty after a power cut, and
	// PostgreSQL would refuse to start.
	_ = g.FS.UnlinkAt(nil, DataPath+"/postmaster.pid", 0)
	pm.c.sched.acquire(p)
	defer pm.c.sched.release(p)
	if _, err := g.Call("__wasm_call_ctors"); err != nil {
		return err
	}
	// The host listens for it. Without a socket it would refuse to start.
	g.Store32(g.Address("NumListenSockets"), 1)
	args := []string{"/pglite/bin/postgres", "-D", DataPath}
	for _, s := range pm.c.settings() {
		args = append(args, "-c", s)
	}
	_, err = callMain(g, args)
	switch status, exited := emscripten.ExitStatus(err); {
	case errors.Is(err, forkPoint):
	case exited && status != 0:
		return pm.c.log.failure(fmt.Errorf("the postmaster exited with status %d", status))
	default:
		return pm.c.log.failure(err)
	}
	g.Store32(g.Address("NumListenSockets"), 0) // there is none to close
	if err := pm.wal.configure(g); err != nil {
		return err
	}
	shared, err := pm.sharedRanges()
	if err != nil {
		return err
	}
	im, err := mem.Freeze(shared)
	if err != nil {
		return err
	}
	pm.image.Store(&image{mem: im, sp: g.StackPointer(), umask: g.Umask(), files: g.Files, libraries: p.libraries})
	return nil
}

// settings returns the parameters as name=value.
func (c *Cluster) settings() []string {
	s := maps.Clone(defaultSettings)
	if c.copies() {
		maps.Copy(s, copiedSettings)
	}
	maps.Copy(s, c.cfg.Settings)
	var list []string
	for name, value := range s {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// standardFiles returns a table with descriptors 0, 1 and 2.
func standardFiles(fs *vfs.FS) (*vfs.Table, error) {
	t := vfs.NewTable()
	for i, name := range []string{"stdin", "stdout", "stderr"} {
		flags := vfs.O_WRONLY
		if i == 0 {
			flags = vfs.O_RDONLY
		}
		f, err := fs.OpenAt(nil, "/dev/"+name, flags, 0)
		if err != nil {
			return nil, err
		}
		if _, err := t.Open(f); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// callMain calls main with arguments and returns what it returns.
func callMain(g *emscripten.Guest, args []string) (status int, err error) {
	v, err := g.Call("__main_argc_argv", uint64(len(args)), newArgv(g, args))
	return int(int32(v)), err
}

// newArgv allocates an array of strings that ends with NULL.
func newArgv(g *emscripten.Guest, args []string) uint64 {
	argv := g.Malloc(4 * (len(args) + 1))
	for i, a := range args {
		s := g.NewString(a) // may grow the memory
		g.Store32(argv+4*uint32(i), s)
	}
	g.Store32(argv+4*uint32(len(args)), 0)
	return uint64(argv)
}

// start starts a child. A client backend gets the connection to its client.
func (pm *postmaster) start(kind backendType, s Socket) (*child, error) {
	p, err := pm.spares.take(pm)
	if err != nil {
		return nil, err
	}
	if kind == bBackend {
		pm.background(func() { pm.spares.refill(pm) })
	}
	p.kind, p.socket = kind, s
	if s, ok := s.(interface{ SetPID(uint32) }); ok {
		s.SetPID(uint32(p.pid))
	}
	ch := &child{process: p, done: make(chan struct{})}
	slot, err := pm.call("AssignPostmasterChildSlot", uint64(kind))
	if err == nil && uint32(slot) == 0 {
		err = errTooManyClients
	}
	if err != nil {
		p.close()
		return nil, err
	}
	ch.slot = uint32(slot)
	if s != nil {
		s.SetNotify(p.notify)
	}
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	if pm.stopping {
		p.close()
		return nil, ErrClosed
	}
	pm.procs[p.pid] = ch
	pm.reaping.Add(1)
	go pm.run(ch)
	return ch, nil
}

// fork makes a process from the image. It does not run yet.
func (pm *postmaster) fork() (*process, *image, error) {
	im := pm.image.Load()
	p, err := pm.clone(im)
	for err != nil {
		was := im
		if im = pm.image.Load(); im == was {
			return nil, nil, err
		}
		p, err = pm.clone(im) // the image was just replaced
	}
	g := p.guest
	g.FS, g.Env, g.Files = pm.c.fs, environment, im.files.Clone()
	g.SetUmask(im.umask)
	g.SetStackPointer(im.sp)
	for _, l := range im.libraries {
		if err := l.inherit(p); err != nil {
			p.close()
			return nil, nil, err
		}
	}
	p.libraries = slices.Clone(im.libraries)
	return p, im, nil
}

// clone makes a process whose memory is that of an image.
func (pm *postmaster) clone(im *image) (*process, error) {
	pid := pm.c.lastPID.Add(1)
	if v, ok := pm.c.mod.vessels.take(im.mem, pm.c.memoryLimit()); ok {
		p := newGuestProcess(pm, pm.c.sched, pid, v.mem)
		p.attach(v.inst)
		return p, nil
	}
	mem, err := im.mem.Clone(pm.c.memoryLimit())
	if err != nil {
		return nil, err
	}
	return newProcess(pm, pm.c.sched, pid, mem)
}

var errTooManyClients = errors.New("sorry, too many clients already")

// call calls a function of the guest's postmaster.
func (pm *postmaster) call(name string, args ...uint64) (v uint64, err error) {
	err = pm.locked(func() (err error) {
		v, err = pm.proc.guest.Call(name, args...)
		return err
	})
	return v, err
}

// locked calls f while the postmaster has the turn.
func (pm *postmaster) locked(f func() error) error {
	pm.mu.Lock()
	defer pm.mu.Unlock()
	pm.c.sched.acquire(pm.proc)
	defer pm.c.sched.release(pm.proc)
	return f()
}

// Offsets in struct PMChild (postmaster.h).
const pmChildSlot = 4

// run is the life of a child.
func (pm *postmaster) run(ch *child) {
	defer pm.reaping.Done()
	pm.mu.Lock()
	slot := pm.proc.guest.Load32(ch.slot + pmChildSlot)
	pm.mu.Unlock()
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
	clean, err := pm.call("ReleasePostmasterChildSlot", uint64(ch.slot))
	pm.procMu.Lock()
	delete(pm.procs, ch.pid)
	if ch.err == nil && pm.crash == nil {
		// A process that exits with 0 or 1 must have detached from shared
		// memory; another status is a crash in any case.
		switch {
		case err != nil:
			ch.err = pm.newCrash(ch, err)
		case ch.code > 1 || uint32(clean)&1 == 0:
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
	addr := []byte{afUnix, 0}
	if tcp, ok := p.socket.RemoteAddr().(*net.TCPAddr); ok {
		ap := tcp.AddrPort()
		addr = emscripten.MarshalSockaddr(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
	}
	copy(b[clientSocketAddr:], addr)
	g.Store32(cs+clientSocketAddrLen, uint32(len(addr)))
	g.Store32(g.Address("MyClientSocket"), cs)
	return nil
}

// Layout of struct BackendStartupData (backend_startup.h): whether connections
// are accepted (CAC_OK is 0), when the socket was made and when the process.
const startupDataSize = 24

func (p *process) startupData() (addr, size uint32) {
	g := p.guest
	addr = g.Malloc(startupDataSize)
	clear(g.Bytes(addr, startupDataSize))
	return addr, startupDataSize
}

// module returns what processes are instances of.
func (pm *postmaster) module() *Module { return pm.c.mod }

// signal sends a signal to a process of this cluster. Whoever sends one to the
// postmaster has the turn.
func (pm *postmaster) signal(from *process, pid, sig int32) error {
	if pid == postmasterPID {
		pm.signalled(from, sig)
		return nil
	}
	pm.procMu.Lock()
	ch := pm.procs[pid]
	pm.procMu.Unlock()
	if ch == nil {
		return eSRCH
	}
	switch sig {
	case 0:
	case sigKILL:
		ch.kill9()
	default:
		ch.post(sig)
	}
	return nil
}

// checkpointer returns the checkpointer, or nil if none is running.
func (pm *postmaster) checkpointer() *process {
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	for _, ch := range pm.procs {
		if ch.kind == bCheckpointer {
			return ch.process
		}
	}
	return nil
}

// Reasons for which processes signal their postmaster (pmsignal.h).
const (
	pmsignalStartAutovacLauncher = 4
	pmsignalStartAutovacWorker   = 5
	pmsignalXlogIsShutdown       = 9
)

// What follows the signals' flags in PMSignalData: why SIGQUIT was sent.
const (
	pmSigquitReason = 40
	pmquitForCrash  = 1
)

// signalled is told that a process, which has the turn, sent a signal to the
// postmaster.
func (pm *postmaster) signalled(from *process, sig int32) {
	switch sig {
	case sigHUP:
		pm.background(pm.reload)
	case sigUSR1:
		g := from.guest // which sees shared memory as it is
		state := g.Load32(g.Address("PMSignalState"))
		taken := func(reason uint32) bool {
			set := g.Load32(state+4*reason) != 0
			g.Store32(state+4*reason, 0)
			return set
		}
		if taken(pmsignalXlogIsShutdown) {
			close(pm.xlogShutdown)
		}
		if taken(pmsignalStartAutovacLauncher) {
			pm.background(func() { _, _ = pm.start(bAutovacLauncher, nil) })
		}
		if taken(pmsignalStartAutovacWorker) {
			pm.background(func() { _, _ = pm.start(bAutovacWorker, nil) })
		}
	}
}

// background does f when the process that caused it has given up its turn.
func (pm *postmaster) background(f func()) {
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	if pm.stopping {
		return
	}
	pm.starting.Add(1)
	go func() {
		defer pm.starting.Done()
		f()
	}()
}

// Where a configuration is read (guc.h): by the postmaster after SIGHUP.
const pgcSighup = 2

// reload reads the configuration files again, here and in all processes.
func (pm *postmaster) reload() {
	err := pm.locked(func() error {
		g := pm.proc.guest
		if _, err := g.Call("ProcessConfigFile", pgcSighup); err != nil {
			return err
		}
		if err := pm.wal.configure(g); err != nil {
			return err
		}
		// Later processes start with what the postmaster knows now.
		im := *pm.image.Load()
		var err error
		if im.mem, err = g.Mem.Refreeze(); err == nil {
			pm.image.Store(&im)
		}
		return err
	})
	if err != nil {
		pm.c.log.Write([]byte(fmt.Sprintf("calf: reloading the configuration: %v\n", err)))
	}
	for _, ch := range pm.children() {
		ch.post(sigHUP)
	}
}

// children returns the running processes.
func (pm *postmaster) children() []*child {
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	return slices.Collect(maps.Values(pm.procs))
}

// stop shuts down as PostgreSQL does in its fast mode: first all processes but
// the checkpointer, then that, which writes the shutdown checkpoint.
func (pm *postmaster) stop(ctx context.Context) error {
	pm.procMu.Lock()
	pm.stopping = true
	pm.procMu.Unlock()
	pm.starting.Wait()
	var checkpointer *child
	all := pm.children()
	for _, ch := range all {
		if ch.kind == bCheckpointer {
			checkpointer = ch
		} else {
			ch.post(sigTERM)
		}
	}
	for _, ch := range all {
		if ch != checkpointer {
			if err := pm.await(ctx, ch.done); err != nil {
				return err
			}
		}
	}
	if checkpointer == nil {
		pm.abandon()
		return errors.New("runtime: shutting down: the checkpointer is not running")
	}
	checkpointer.post(sigINT)
	if err := pm.await(ctx, pm.xlogShutdown, checkpointer.done); err != nil {
		return err
	}
	checkpointer.post(sigUSR2)
	if err := pm.await(ctx, checkpointer.done); err != nil {
		return err
	}
	_, err := pm.call("proc_exit", 0) // removes postmaster.pid
	if status, ok := emscripten.ExitStatus(err); !ok || status != 0 {
		err = fmt.Errorf("runtime: shutting down: %w", pm.c.log.failure(err))
	} else {
		err = pm.crashError()
	}
	pm.release()
	return err
}

// crashError returns why the postmaster's processes were ended, if one crashed.
func (pm *postmaster) crashError() error {
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	if pm.crash == nil {
		return nil
	}
	return pm.crash
}

// release gives up what is left when no process runs.
func (pm *postmaster) release() {
	pm.reaping.Wait()
	pm.spares.close()
	pm.proc.close()
	pm.segments.close()
}

// await waits for one of the channels. If ctx ends first, all processes are
// ended at once.
func (pm *postmaster) await(ctx context.Context, some ...<-chan struct{}) error {
	either := some[0]
	or := some[len(some)-1]
	select {
	case <-either:
	case <-or:
	case <-ctx.Done():
		pm.abandon()
		return context.Cause(ctx)
	}
	return nil
}

// abandon ends all processes at once.
func (pm *postmaster) abandon() {
	pm.procMu.Lock()
	pm.stopping = true
	pm.procMu.Unlock()
	pm.starting.Wait()
	all := pm.children()
	for _, ch := range all {
		ch.kill9()
	}
	for _, ch := range all {
		<-ch.done
	}
	pm.release()
}
