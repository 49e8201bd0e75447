package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/runtime/vfs/vfstest"
)

// A run is what one seed does: some sessions work on a cluster until the power
// fails, and go on where that left them, several times.
type run struct {
	seed  uint64
	rnd   *rand.Rand
	rules vfstest.Rules
	// steady says that one thing happens at a time, so that the same seed does
	// the same.
	steady   bool
	settings map[string]string
	sessions []*session
	files    *vfs.Memory
	power    *vfstest.Power
	cuts     int
	// watch sees every operation on the disk, unless it is nil.
	watch vfstest.Hook
}

func newRun(seed uint64) *run {
	r := &run{seed: seed, rnd: rand.New(rand.NewPCG(seed, 0)), steady: seed%2 == 1}
	one := func(list ...string) string { return list[r.rnd.IntN(len(list))] }
	r.settings = map[string]string{
		"shared_buffers":            one("1MB", "2MB", "128MB"),
		"wal_level":                 one("minimal", "replica"),
		"wal_sync_method":           one("fdatasync", "fdatasync", "fsync", "open_datasync", "open_sync"),
		"wal_compression":           one("off", "pglz"),
		"wal_init_zero":             one("on", "off"),
		"wal_recycle":               one("on", "off"),
		"max_wal_senders":           "0",
		"max_prepared_transactions": "4",
		"min_wal_size":              "2MB",
	}
	if r.steady {
		// With few buffers the checkpointer works while CREATE DATABASE does.
		r.settings["shared_buffers"] = "128MB"
	} else {
		for name, value := range map[string]string{
			"max_wal_size": "2MB", "checkpoint_completion_target": one("0", "0.5"),
			"autovacuum_naptime": "1s", "autovacuum_vacuum_threshold": "5", "autovacuum_analyze_threshold": "5",
			"bgwriter_delay": "10ms", "wal_writer_delay": one("1ms", "200ms"), "commit_delay": one("0", "100"),
		} {
			r.settings[name] = value
		}
	}
	for i := range 2 {
		s := newSession(string(rune('a'+i)), rand.New(rand.NewPCG(seed, uint64(i)+1)))
		if r.steady {
			s.tables = []int{0, 1, 3, 4} // HNSW indexes are made with random numbers
		}
		r.sessions = append(r.sessions, s)
	}
	return r
}

// relax lets commits not wait for the disk.
func (r *run) relax() {
	r.settings["synchronous_commit"] = "off"
	for _, s := range r.sessions {
		s.async = true
	}
}

// all does everything.
func (r *run) all() error {
	ctx, cancel := limited()
	defer cancel()
	files, err := template()
	if err != nil {
		return err
	}
	r.files = files.Fork()
	for range 1 + r.rnd.IntN(3) {
		if err := r.round(ctx); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if err := r.verify(ctx); err != nil {
			return errors.Join(fmt.Errorf("after %d power cuts: %w", r.cuts, err), context.Cause(ctx))
		}
	}
	return nil
}

// explain tells what happened before a failure.
func (r *run) explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "settings: %v\n", r.settings)
	for _, s := range r.sessions {
		fmt.Fprintf(&b, "%s\n", strings.Join(s.log[max(0, len(s.log)-8):], "\n"))
	}
	for _, op := range r.power.Trace() {
		fmt.Fprintf(&b, "disk: %v\n", op)
	}
	if dir := os.Getenv("CALF_CRASH_KEEP"); dir != "" {
		fmt.Fprintf(&b, "files: %v\n", r.keep(dir))
	}
	return b.String()
}

// keep writes what the last power cut has left to a tar file in dir. It returns
// the file's name, or an error.
func (r *run) keep(dir string) any {
	f, err := os.CreateTemp(dir, fmt.Sprintf("seed-%d-*.tar", r.seed))
	if err != nil {
		return err
	}
	if err := errors.Join(vfs.WriteTar(r.files, f, "."), f.Close()); err != nil {
		return err
	}
	return f.Name()
}

// round starts the cluster, works, cuts the power, and replaces the files by
// what is left of them.
func (r *run) round(ctx context.Context) error {
	disk := vfstest.NewDisk(r.files, r.rules)
	var v vfs.Volume = disk
	if r.watch != nil {
		v = vfstest.Wrap(v, r.watch)
	}
	r.power = vfstest.NewPower(v)
	steps := 1 + r.rnd.IntN(60)
	cutAt, more := r.rnd.IntN(steps), 1+r.rnd.IntN([]int{5, 50, 500}[r.rnd.IntN(3)])
	if r.rnd.IntN(6) == 0 { // during recovery
		cutAt = steps
		r.power.CutAfter(1 + r.rnd.IntN(200))
	}
	if err := r.work(ctx, steps, cutAt, more); err != nil && !r.power.Off() {
		return err
	}
	r.power.CutAfter(0)
	r.cuts++
	r.files = disk.Crash(r.rnd.Uint64())
	return nil
}

// work starts the cluster and takes some steps. After one of them it sets when
// the power fails. If that is not soon enough, it shuts the cluster down.
func (r *run) work(ctx context.Context, steps, cutAt, more int) (err error) {
	c, err := loadedModule().Start(ctx, runtime.ClusterConfig{Data: r.power, Settings: r.settings, NoBackground: r.steady})
	if err != nil {
		return err
	}
	defer func() {
		how := ctx
		if err != nil {
			how = stopped // there is nothing to wait for
		}
		err = errors.Join(err, c.Shutdown(how))
	}()
	for _, s := range r.sessions {
		open := func() (*pgx.Conn, error) { return connect(ctx, c, "postgres") }
		if err := s.connect(ctx, open); err != nil {
			return err
		}
		defer s.close(stopped)
	}
	var mu sync.Mutex
	done := 0
	// next counts a step, and tells whether there is one.
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		if done == cutAt {
			r.power.CutAfter(more)
		}
		done++
		return done <= steps
	}
	if r.steady {
		for next() {
			if err := r.sessions[r.rnd.IntN(len(r.sessions))].step(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	errs := make([]error, len(r.sessions))
	var wg sync.WaitGroup
	for i, s := range r.sessions {
		wg.Go(func() {
			for errs[i] == nil && next() {
				errs[i] = s.step(ctx)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// stopped is a context that has ended.
var stopped = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// loadedModule returns the guest, which is loaded.
func loadedModule() *runtime.Module {
	m, err := loaded()
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return m
}

// verify starts a cluster on a copy of the files and compares what is there
// with what the sessions know. They learn what became of statements under way.
func (r *run) verify(ctx context.Context) error {
	files := r.files.Fork()
	c, err := loadedModule().Start(ctx, runtime.ClusterConfig{Data: files, Settings: r.settings, NoBackground: true})
	if err != nil {
		return fmt.Errorf("starting after the crash: %w", err)
	}
	used := map[string]bool{}
	if err := errors.Join(r.compare(ctx, c, used), c.Shutdown(ctx)); err != nil {
		return err
	}
	return checkPages(files, used, false)
}

func (r *run) compare(ctx context.Context, c *runtime.Cluster, used map[string]bool) error {
	conn, err := connect(ctx, c, "postgres")
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	databases := []string{}
	for _, s := range r.sessions {
		got, err := readState(ctx, conn, s.name)
		if err != nil {
			return err
		}
		if err := s.found(got); err != nil {
			return err
		}
		for name := range got.Databases {
			databases = append(databases, name)
		}
		for name, rows := range got.Tables {
			if vectors(name) {
				if err := checkVectors(ctx, conn, name, len(rows)); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range databases {
		other, err := connect(ctx, c, name)
		if err != nil {
			return fmt.Errorf("connecting to %s: %w", name, err)
		}
		if err := errors.Join(checkDatabase(ctx, other, used), other.Close(ctx)); err != nil {
			return err
		}
	}
	return checkDatabase(ctx, conn, used)
}
