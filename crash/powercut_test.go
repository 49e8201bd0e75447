package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/runtime/vfs/vfstest"
)

// number returns the number that an environment variable holds, or n.
func number(tb testing.TB, name string, n int) int {
	tb.Helper()
	text := os.Getenv(name)
	if text == "" {
		return n
	}
	n, err := strconv.Atoi(text)
	require.NoError(tb, err, name)
	return n
}

// seeds returns the first and the last seed of a test: as many as n or as
// CALF_CRASH_SEEDS says, or the one that CALF_CRASH_SEED names.
func seeds(tb testing.TB, n int) (first, last uint64) {
	tb.Helper()
	if seed := number(tb, "CALF_CRASH_SEED", 0); seed > 0 {
		return uint64(seed), uint64(seed)
	}
	return 1, uint64(number(tb, "CALF_CRASH_SEEDS", n))
}

// TestPowerCuts cuts the power while sessions work, and finds every commit that
// was acknowledged, on a disk that keeps no more than it must.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	newFiles(t)
	first, last := seeds(t, fewer(20))
	cuts := 0
	for seed := first; seed <= last; seed++ {
		r := newRun(seed)
		if err := r.all(); err != nil {
			t.Errorf("CALF_CRASH_SEED=%d: %v\n%s", seed, err, r.explain())
		}
		cuts += r.cuts
	}
	t.Logf("%d seeds, %d power cuts", last-first+1, cuts)
}

// With synchronous_commit = off the last commits may be lost, but no others, and
// nothing of them is left.
func TestPowerCutsWhenRelaxed(t *testing.T) {
	t.Parallel()
	newFiles(t)
	first, last := seeds(t, fewer(10))
	lost := 0
	for seed := first; seed <= last; seed++ {
		r := newRun(seed)
		r.relax()
		if err := r.all(); err != nil {
			t.Errorf("CALF_CRASH_SEED=%d: %v\n%s", seed, err, r.explain())
		}
		for _, s := range r.sessions {
			lost += s.lost
		}
	}
	t.Logf("%d seeds, %d transactions lost", last-first+1, lost)
	if first != last {
		require.Positive(t, lost, "or the test shows nothing")
	}
}

// TestPowerCutsAreNoticed cuts the power of disks that lie about what is durable,
// and of clusters that do not ask. If that went unnoticed, the other tests would
// prove nothing.
func TestPowerCutsAreNoticed(t *testing.T) {
	t.Parallel()
	newFiles(t)
	for name, change := range map[string]func(*run){
		"SyncLies": func(r *run) { r.rules = vfstest.Rules{SyncLies: true} },
		"NoFsync":  func(r *run) { r.settings["fsync"] = "off" },
		// PostgreSQL does not sync the directory of a new table.
		"StrictNames": func(r *run) { r.rules = vfstest.Rules{StrictNames: true} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				r := newRun(seed + 1)
				change(r)
				if err := r.all(); err != nil {
					t.Logf("seed %d: %v", seed+1, err)
					return
				}
			}
			t.Error("20 disks lost nothing")
		})
	}
}

// A seed with which one thing happens at a time does the same each time.
func TestPowerCutsRepeat(t *testing.T) {
	t.Parallel()
	newFiles(t)
	numbers := regexp.MustCompile(`xlogtemp\.\d+`) // a process ID
	do := func() (ops []string) {
		r := newRun(1)
		r.watch = func(op *vfstest.Op, do func() error) error {
			if op.Kind&(vfstest.Changes|vfstest.Syncs) != 0 {
				ops = append(ops, numbers.ReplaceAllString(op.String(), "xlogtemp"))
			}
			return do()
		}
		require.NoError(t, r.all())
		return ops
	}
	first, second := do(), do()
	require.Greater(t, len(first), 1000)
	require.Equal(t, first, second)
}

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

// fewer returns how many of n things to do: less with the race detector, with
// which calls of the guest take several times as long, and with -short.
func fewer(n int) int {
	if raced || testing.Short() {
		return max(1, n/5)
	}
	return n
}

// runTimeout is how long a run may take. It takes about a second.
const runTimeout = 2 * time.Minute

// limited returns a context that ends when a run has taken too long. The cause
// tells what all goroutines were doing.
func limited() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	timer := time.AfterFunc(runTimeout, func() {
		stacks := make([]byte, 1<<20)
		cancel(fmt.Errorf("it hangs: %s", stacks[:goruntime.Stack(stacks, true)]))
	})
	return ctx, func() {
		timer.Stop()
		cancel(nil)
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
	return b.String()
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
	return checkPages(files, used)
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
