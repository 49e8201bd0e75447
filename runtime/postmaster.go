package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

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

	shownPort uint32 // that showListening has set

	procMu    sync.Mutex // guards what follows
	procs     map[int32]*child
	crash     *CrashError
	stopping  bool           // only processes that exist go on
	sessions  int            // backends that are being started and are not among procs yet
	starting  sync.WaitGroup // what has begun to use proc, or to start a child
	launching sync.Mutex     // held while a process of which there is one is started
	reaping   sync.WaitGroup // children, until nothing is left to do about their ends

	// The cluster's mu guards these.
	restart   bool // the cluster waits for the last process to end
	stillborn bool // a process crashed before this was the cluster's postmaster

	left chan struct{} // closed when a crash has made the cluster leave it

	maxConnections int

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
	"log_destination":                 "stderr", // syslog would be nobody's
	"huge_pages":                      "off",    // else huge_pages_status says on
	// Room for dynamic shared memory inside the main segment.
	"min_dynamic_shared_memory": "16MB",
}

// copiedSettings are further ones for a cluster whose shared memory is copied
// at each turn: they keep it small.
var copiedSettings = map[string]string{
	"shared_buffers":            "8MB",
	"min_dynamic_shared_memory": "0",
}

// environment is that of every process.
var environment = []string{
	"HOME=/home/postgres", "USER=postgres", "LOGNAME=postgres", "PGDATA=" + DataPath, "PATH=/",
	"LANG=C.UTF-8", "LC_COLLATE=C.UTF-8", "LC_CTYPE=C.UTF-8", "TZ=UTC", "PGTZ=UTC", "ICU_DATA=/pglite/icu",
}

func startPostmaster(ctx context.Context, c *Cluster) (_ *postmaster, err error) {
	pm := &postmaster{c: c, procs: map[int32]*child{}, left: make(chan struct{}), xlogShutdown: make(chan struct{}), shownPort: defaultPort}
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
	if err := pm.launchMissing(); err != nil {
		return nil, err
	}
	err = pm.locked(func() error {
		pm.writePIDFile()
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := pm.crashError(); err != nil {
		return nil, err
	}
	return pm, nil
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
	if err := refuseStandby(g.FS); err != nil {
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
	if err := pm.configure(); err != nil {
		return err
	}
	if err := pm.refuse(); err != nil {
		return err
	}
	if err := shareSSLStatus(g); err != nil {
		return err
	}
	pm.showListening()
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

// begin says that something uses the postmaster, unless that is stopping, which
// waits until starting is done.
func (pm *postmaster) begin() bool {
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	if !pm.stopping {
		pm.starting.Add(1)
	}
	return !pm.stopping
}

// start starts a child. A backend gets the connection to its client.
func (pm *postmaster) start(kind backendType, s Socket) (*child, error) {
	if !pm.begin() {
		return nil, errStopping
	}
	defer pm.starting.Done()
	slot := uint32(0)
	if kind != bDeadEndBackend {
		v, err := pm.call("AssignPostmasterChildSlot", uint64(kind))
		if slot = uint32(v); err == nil && slot == 0 {
			err = ErrTooManyClients
		}
		if err != nil {
			return nil, err
		}
	}
	p, err := pm.spares.take(pm)
	if err != nil {
		_, _ = pm.releaseSlot(slot)
		return nil, err
	}
	if s != nil {
		pm.background(func() { pm.spares.refill(pm) })
	}
	p.kind, p.socket = kind, s
	if s, ok := s.(interface{ SetPID(uint32) }); ok {
		s.SetPID(uint32(p.pid))
	}
	ch := &child{process: p, slot: slot, done: make(chan struct{})}
	if s != nil {
		s.SetNotify(p.notify)
	}
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	if pm.stopping {
		p.close()
		return nil, errStopping
	}
	pm.procs[p.pid] = ch
	pm.reaping.Add(1)
	go pm.run(ch)
	return ch, nil
}

// releaseSlot gives the slot of a child back. It reports whether the child had
// detached from shared memory.
func (pm *postmaster) releaseSlot(slot uint32) (clean bool, err error) {
	if slot == 0 {
		return true, nil
	}
	v, err := pm.call("ReleasePostmasterChildSlot", uint64(slot))
	return v&1 != 0, err
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

// errStopping is why a postmaster that is shut down, or one of whose processes has
// crashed, starts no more.
var errStopping = errors.New("PostgreSQL is stopping")

// call calls a function of the guest's postmaster.
func (pm *postmaster) call(name string, args ...uint64) (v uint64, err error) {
	err = pm.locked(func() (err error) {
		v, err = pm.proc.guest.Call(name, args...)
		return err
	})
	return v, err
}

// locked calls f while the postmaster has the turn, which is the next one: what
// it does is short, and a client waits for it.
func (pm *postmaster) locked(f func() error) error {
	pm.mu.Lock()
	defer pm.mu.Unlock()
	pm.c.sched.enter(pm.proc, true)
	defer pm.c.sched.release(pm.proc)
	return f()
}

// module returns what processes are instances of.
func (pm *postmaster) module() *Module { return pm.c.mod }

// children returns the running processes.
func (pm *postmaster) children() []*child {
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	return slices.Collect(maps.Values(pm.procs))
}
