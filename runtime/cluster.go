package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
)

// ClusterConfig configures a Cluster.
type ClusterConfig struct {
	// Data is the volume that holds the data directory. Nobody else may use it
	// meanwhile, and what says so in it, postmaster.pid, does not count.
	Data vfs.Volume
	// Settings are configuration parameters (GUCs) as on the command line of
	// the postmaster; they override postgresql.conf.
	Settings map[string]string
	// Files are put into the guest's file system, outside of the data
	// directory: content by absolute path.
	Files map[string][]byte
	// ICU is the data of all languages; nil is what the guest has, the root
	// collation.
	ICU *ICUData
	// MemoryLimit bounds the memory of each process, in bytes; 0 is 2 GiB,
	// which is also the largest possible.
	MemoryLimit uint64
	// NoBackground leaves out the processes that work beside the backends: the
	// background writer, the WAL writer and the autovacuum launcher. The
	// checkpointer always runs.
	NoBackground bool
	// CopyMemory shares memory between processes by copying it at each turn, as
	// is done where it cannot be mapped (see CopyOnWrite). It is meant for tests.
	CopyMemory bool
	// Log gets the messages of the server log, one at a time; nil discards
	// them. It must not call the cluster.
	Log func(LogMessage)
	// OnReload is told when the configuration files were read again, unless it is
	// nil. It must not call the cluster.
	OnReload func()
	// OnCrash is told when a process crashed and the cluster restarts, unless
	// it is nil.
	OnCrash func(*CrashError)
}

// DataPath is where the guest sees its data directory.
const DataPath = "/pglite/data"

// A Cluster is a running PostgreSQL on one data directory. Its methods are
// safe for concurrent use. Clusters run in parallel; the processes of one take
// turns.
//
// When a process crashes, the cluster does what PostgreSQL does: it ends every
// session, throws shared memory away and recovers from its files. Connections
// that are asked for meanwhile wait.
type Cluster struct {
	mod   *Module
	cfg   ClusterConfig
	fs    *vfs.FS
	log   *serverLog
	sched *scheduler

	lastPID        atomic.Int32
	compiled       atomic.Bool  // PostgreSQL is, and not interpreted
	maxSessions    atomic.Int32 // as the last postmaster counted them
	authentication atomic.Int64 // authentication_timeout, in nanoseconds

	mu        sync.Mutex
	listening Listening
	pm        *postmaster   // nil while there is none
	ready     chan struct{} // closed when pm or err is there
	err       error         // why there is no postmaster and will be none
	closed    bool

	starts       sync.WaitGroup // restarts under way
	restarting   context.Context
	abortRestart context.CancelFunc
}

// ErrClosed is returned by what is asked of a cluster that was shut down. Users
// see it as pglite's.
var ErrClosed = errors.New("the database is closed")

// Start starts PostgreSQL on a data directory and returns when it accepts
// connections. A directory that was not shut down cleanly is recovered first.
func (m *Module) Start(ctx context.Context, cfg ClusterConfig) (_ *Cluster, err error) {
	c := &Cluster{mod: m, cfg: cfg, log: newServerLog(cfg.Log), ready: make(chan struct{})}
	c.sched = newScheduler(shortTick)
	if c.copies() {
		c.sched = newScheduler(longTick)
	}
	c.restarting, c.abortRestart = context.WithCancel(context.Background())
	if c.fs, err = m.files(cfg.ICU); err != nil {
		return nil, fmt.Errorf("runtime: making the file system: %w", err)
	}
	defer func() {
		if err != nil {
			c.fs.Close()
		}
	}()
	for path, content := range cfg.Files {
		if err := c.fs.WriteFile(path, content, 0o600); err != nil {
			return nil, fmt.Errorf("runtime: writing %s: %w", path, err)
		}
	}
	c.lastPID.Store(postmasterPID)
	c.fs.SetOutput(c.log, c.log)
	if err := c.fs.Mount(DataPath, cfg.Data); err != nil {
		return nil, fmt.Errorf("runtime: mounting the data directory: %w", err)
	}
	pm, err := startPostmaster(ctx, c)
	if err == nil && !c.adopt(pm) {
		pm.abandon()
		err = pm.crashError()
	}
	if err != nil {
		c.sched.close()
		return nil, fmt.Errorf("runtime: starting PostgreSQL: %w", err)
	}
	return c, nil
}

// adopt makes a postmaster the cluster's, unless one of its processes has
// crashed already.
func (c *Cluster) adopt(pm *postmaster) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pm.stillborn {
		return false
	}
	c.pm = pm
	close(c.ready)
	return true
}

// Signal sends a signal to a process. It returns an error if there is none.
func (c *Cluster) Signal(pid uint32, sig Signal) error {
	c.mu.Lock()
	pm := c.pm
	c.mu.Unlock()
	if pm == nil || pid == postmasterPID {
		return ErrClosed
	}
	return pm.signal(nil, int32(pid), int32(sig))
}

// postmaster waits until there is a postmaster that starts backends.
func (c *Cluster) postmaster(ctx context.Context) (*postmaster, error) {
	for {
		c.mu.Lock()
		pm, ready, err := c.pm, c.ready, c.err
		if c.closed {
			err = ErrClosed
		}
		c.mu.Unlock()
		if err != nil {
			return nil, err
		}
		if pm != nil {
			return pm, nil
		}
		select {
		case <-ready:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Shutdown ends all sessions, writes a shutdown checkpoint and releases the
// cluster, as PostgreSQL's fast shutdown does. When ctx is cancelled, or a session
// has not ended in 10 s, it stops at once instead, which leaves the directory for
// recovery. So does a crash, and Shutdown returns why. It is idempotent; a second
// call does not wait for the first.
func (c *Cluster) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock()
	stop := context.AfterFunc(ctx, c.abortRestart)
	c.starts.Wait()
	stop()
	c.abortRestart()
	c.mu.Lock()
	pm, err := c.pm, c.err
	c.pm = nil
	c.mu.Unlock()
	if pm != nil {
		err = pm.stop(ctx)
	}
	c.sched.close()
	c.fs.Close()
	return err
}

// crashing is told that a process of a postmaster crashed and that the others
// are being ended. New connections wait from now on.
func (c *Cluster) crashing(pm *postmaster, crash *CrashError) {
	if c.cfg.OnCrash != nil {
		c.cfg.OnCrash(crash)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(pm.left)
	switch {
	case c.pm != pm:
		pm.stillborn = true
	case !c.closed: // else whoever stops it sees that it crashed
		pm.restart = true
		c.pm, c.ready = nil, make(chan struct{})
		c.starts.Add(1)
	}
}

// crashed is told that the last process of a crashed postmaster has ended. It
// starts a new one.
func (c *Cluster) crashed(pm *postmaster, crash *CrashError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !pm.restart {
		return // whoever starts or stops it sees that it crashed
	}
	go func() {
		defer c.starts.Done()
		pm.abandon()
		for {
			next, err := startPostmaster(c.restarting, c)
			if err != nil {
				c.fail(fmt.Errorf("runtime: restarting after a crash: %w", errors.Join(err, crash)))
				return
			}
			if c.adopt(next) {
				return
			}
			next.abandon()
		}
	}()
}

// fail says why there will be no postmaster any more.
func (c *Cluster) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	close(c.ready)
}

// copies tells whether memory is shared by copying it.
func (c *Cluster) copies() bool {
	return c.cfg.CopyMemory || errors.Is(linmem.CopyOnWrite(), linmem.ErrUnsupported)
}

// newMemory returns the memory for a postmaster.
func (c *Cluster) newMemory() (*linmem.Memory, error) {
	if c.copies() {
		return linmem.NewCopying(c.memoryLimit())
	}
	return linmem.New(c.memoryLimit())
}

// memoryLimit is the largest size of a process's memory.
func (c *Cluster) memoryLimit() uint64 {
	if c.cfg.MemoryLimit == 0 || c.cfg.MemoryLimit > maxMemory {
		return maxMemory
	}
	return c.cfg.MemoryLimit
}
