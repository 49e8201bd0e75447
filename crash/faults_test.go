package crash

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/runtime/vfs/vfstest"
)

// TestFaults lets the N-th operation on a file fail, in all ways, while a small
// program works: it creates, inserts, checkpoints, vacuums, drops and closes.
// Afterwards the disk is healed and the cluster started again. Every commit that
// was acknowledged is there.
//
// N is 1, 1+stride, ... up to the first that is not reached. CALF_CRASH_STRIDE
// is the stride, and CALF_CRASH_N one N to try alone.
func TestFaults(t *testing.T) {
	t.Parallel()
	newFiles(t)
	for _, test := range []struct {
		name   string
		fault  vfstest.Fault
		stride int
	}{
		{"EIO", vfstest.Fault{Ops: vfstest.Any, Times: 1, Err: vfs.EIO}, 113},
		{"EIOForGood", vfstest.Fault{Ops: vfstest.Any, Err: vfs.EIO}, 211},
		{"ENOSPC", vfstest.Fault{Ops: vfstest.Space, Err: vfs.ENOSPC, Short: true}, 61},
		{"ENOSPCOnce", vfstest.Fault{Ops: vfstest.Space, Times: 1, Err: vfs.ENOSPC, Short: true}, 97},
		{"EACCES", vfstest.Fault{Ops: vfstest.Access, Err: vfs.EACCES}, 53},
		{"Sync", vfstest.Fault{Ops: vfstest.Syncs, Times: 1, Err: vfs.EIO, Lose: true}, 11},
		{"SyncForGood", vfstest.Fault{Ops: vfstest.Syncs, Err: vfs.EIO, Lose: true}, 29},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n, stride := 0, number(t, "CALF_CRASH_STRIDE", test.stride)
			if raced {
				stride *= 5
			}
			if only := number(t, "CALF_CRASH_N", -1); only >= 0 {
				n, stride = only, 1<<30
			}
			outcomes := map[string]int{}
			for hit := true; hit; n += stride {
				r := faulty{fault: test.fault}
				r.fault.After = n
				err := r.all()
				if err != nil {
					t.Errorf("CALF_CRASH_N=%d: %v: %v\n%s", n, r.faults.First(), err, strings.Join(r.log, "\n"))
				}
				hit = r.faults.First() != nil
				outcomes[r.outcome]++
			}
			t.Logf("%d runs: %v", (n-1)/stride+1, outcomes)
		})
	}
}

// A faulty is a program on a disk of which an operation fails.
type faulty struct {
	fault  vfstest.Fault
	disk   *vfstest.Disk
	faults *vfstest.Faults

	// What the program knows. Statements that fail in a way that leaves it open
	// what became of them are maybes.
	rows, maybes  []int
	scratch       bool // the table scratch exists
	scratchMaybe  bool
	crashes       []*runtime.CrashError
	started, shut bool
	failed        int // statements

	outcome string

	mu  sync.Mutex
	log []string
}

func (r *faulty) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, fmt.Sprintf(format, args...))
	r.log = r.log[max(0, len(r.log)-60):]
}

func (r *faulty) all() error {
	ctx, cancel := limited()
	defer cancel()
	files, err := template()
	if err != nil {
		return err
	}
	r.disk = vfstest.NewDisk(files.Fork(), vfstest.Rules{})
	r.faults = vfstest.NewFaults(r.disk)
	r.faults.Set(r.fault)
	if err := r.work(ctx); err != nil {
		return err
	}
	r.faults.Heal()
	switch {
	case r.faults.First() == nil:
		r.outcome = "none"
	case !r.started:
		r.outcome = "did not start"
	case len(r.crashes) > 0:
		r.outcome = "crashed"
	case r.failed > 0:
		r.outcome = "statements failed"
	case !r.shut:
		r.outcome = "did not shut down"
	default:
		r.outcome = "nothing failed"
	}
	if err := r.checkRule(); err != nil {
		return err
	}
	err = r.verify(ctx, r.disk)
	if refused := (*refusedError)(nil); errors.As(err, &refused) && r.hidSegment() {
		r.outcome = "refused to start without its WAL"
		return nil
	}
	if err != nil {
		return err
	}
	if !r.fault.Lose || r.faults.First() == nil {
		return nil
	}
	// What programs saw was there. Now it is durable too, although a Sync has
	// lost something.
	// PostgreSQL cannot write what it believes is written, so that a segment of
	// the WAL may be unreadable. Then it refuses to start.
	err = r.verify(ctx, r.disk.Crash(uint64(r.fault.After)))
	if refused := (*refusedError)(nil); errors.As(err, &refused) {
		r.outcome = "refused to start after a power cut"
	} else if err != nil {
		return fmt.Errorf("after a power cut: %w", err)
	}
	return nil
}

// hidSegment tells whether the fault hid a segment of the WAL. PostgreSQL looks
// for a free name with stat(2) and takes any error for one
// (InstallXLogFileSegment in xlog.c): a segment that it recycles replaces the one
// that it writes to, and the next start ends with an error.
func (r *faulty) hidSegment() bool {
	op := r.faults.First()
	return op != nil && op.Kind == vfstest.Lstat && strings.HasPrefix(op.Name, "pg_wal/0")
}

// A refusedError says that a cluster did not start on a healed disk.
type refusedError struct{ error }

// checkRule is PostgreSQL's: a failed sync of what must be durable is a PANIC.
// Nobody can know what is on the disk then but who reads it again.
func (r *faulty) checkRule() error {
	op := r.faults.First()
	if op == nil || op.Kind&vfstest.Syncs == 0 || !r.started {
		return nil
	}
	for _, dir := range []string{"base/", "pg_wal/0", "pg_xact", "pg_multixact", "global/"} {
		if strings.HasPrefix(op.Name, dir) && len(r.crashes) == 0 && r.shut {
			return errors.New("PostgreSQL went on after a failed sync")
		}
	}
	return nil
}

// work starts the cluster and does the program's work. Errors are expected;
// what it returns are others.
func (r *faulty) work(ctx context.Context) error {
	c, err := r.start(ctx, r.faults)
	if err != nil {
		r.note("starting: %v", err)
		if r.faults.First() == nil {
			return err
		}
		return nil
	}
	r.started = true
	p := &program{cluster: c}
	insert := func(id int) {
		err := p.exec(ctx, fmt.Sprintf("INSERT INTO t SELECT id, repeat(md5(id::text), 40) FROM (SELECT %d AS id)", id))
		r.done(err, &r.rows, &r.maybes, id)
	}
	r.expect(p.exec(ctx, "CREATE TABLE t (id int PRIMARY KEY, pad text STORAGE EXTERNAL); CREATE INDEX ON t (pad)"))
	for id := range 5 {
		insert(id)
	}
	err = p.exec(ctx, "CREATE TABLE scratch AS SELECT g FROM generate_series(1, 1000) AS g")
	r.scratch, r.scratchMaybe = err == nil, unknown(err)
	r.expect(err)
	r.expect(p.exec(ctx, "CHECKPOINT"))
	insert(5)
	r.expect(p.exec(ctx, "BEGIN; INSERT INTO t VALUES (100, 'not this'); ROLLBACK"))
	r.expect(p.exec(ctx, "VACUUM t"))
	err = p.exec(ctx, "DROP TABLE scratch")
	r.scratch, r.scratchMaybe = r.scratch && err != nil, r.scratchMaybe && err != nil || unknown(err)
	r.expect(err)
	insert(6)
	r.expect(p.exec(ctx, "SELECT pg_switch_wal()"))
	insert(7)
	p.close(ctx)
	err = c.Shutdown(ctx)
	r.shut = err == nil
	r.expect(err)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.failed > 0 && r.faults.First() == nil {
		return errors.New("something failed without a fault")
	}
	return nil
}

// start starts a cluster.
func (r *faulty) start(ctx context.Context, v vfs.Volume) (*runtime.Cluster, error) {
	return loadedModule().Start(ctx, runtime.ClusterConfig{
		Data: v, NoBackground: true, Settings: map[string]string{"shared_buffers": "1MB", "max_wal_size": "2MB", "min_wal_size": "2MB"},
		OnCrash: func(e *runtime.CrashError) {
			r.mu.Lock()
			r.crashes = append(r.crashes, e)
			r.mu.Unlock()
			r.note("crash: %v", e)
		},
		Log: func(m runtime.LogMessage) { r.note("log: %s: %s", m.Severity, m.Text) },
	})
}

// expect takes note of an error.
func (r *faulty) expect(err error) {
	if err != nil {
		r.failed++
		r.note("failed: %v", err)
	}
}

// done takes note of what became of a row.
func (r *faulty) done(err error, rows, maybes *[]int, id int) {
	r.expect(err)
	switch {
	case err == nil:
		*rows = append(*rows, id)
	case unknown(err):
		*maybes = append(*maybes, id)
	}
}

// unknown tells whether an error leaves it open what became of a statement: it
// does unless the server says that the statement was rolled back.
func unknown(err error) bool {
	var e *pgconn.PgError
	var n notSent
	return err != nil && !errors.As(err, &n) && !(errors.As(err, &e) && e.Severity == "ERROR")
}

// verify starts the cluster on a healed disk, compares, and works a little.
func (r *faulty) verify(ctx context.Context, v vfs.Volume) error {
	c, err := r.start(ctx, v)
	if err != nil {
		return &refusedError{fmt.Errorf("starting again: %w", err)}
	}
	used := map[string]bool{}
	if err := errors.Join(r.compare(ctx, c, used), c.Shutdown(ctx)); err != nil {
		return err
	}
	return checkPages(v, used, r.fault.Short)
}

func (r *faulty) compare(ctx context.Context, c *runtime.Cluster, used map[string]bool) error {
	conn, err := connect(ctx, c, "postgres")
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var t, scratch bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('t') IS NOT NULL, to_regclass('scratch') IS NOT NULL").Scan(&t, &scratch); err != nil {
		return err
	}
	var got []int
	if t {
		if got, err = list[int](ctx, conn, "SELECT id FROM t WHERE pad = repeat(md5(id::text), 40) ORDER BY id"); err != nil {
			return err
		}
	}
	for _, id := range r.rows {
		if !slices.Contains(got, id) {
			return fmt.Errorf("row %d is missing: there are %v", id, got)
		}
	}
	for _, id := range got {
		if !slices.Contains(r.rows, id) && !slices.Contains(r.maybes, id) {
			return fmt.Errorf("row %d is there: %v are expected, and maybe %v", id, r.rows, r.maybes)
		}
	}
	if scratch != r.scratch && !r.scratchMaybe {
		return fmt.Errorf("the table scratch is there: %v", scratch)
	}
	// A maybe is decided now, for good.
	r.rows, r.maybes, r.scratch, r.scratchMaybe = got, nil, scratch, false
	if _, err := conn.Exec(ctx, "CREATE TABLE more AS SELECT g FROM generate_series(1, 1000) AS g; DROP TABLE more; CHECKPOINT"); err != nil {
		return err
	}
	return checkDatabase(ctx, conn, used)
}

// A program executes statements on one connection, and on another one when that
// is lost.
type program struct {
	cluster *runtime.Cluster
	conn    *pgx.Conn
}

func (p *program) exec(ctx context.Context, sql string) error {
	if p.conn == nil || p.conn.IsClosed() {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		conn, err := connect(ctx, p.cluster, "postgres")
		if err != nil {
			return notSent{err}
		}
		p.conn = conn
	}
	_, err := p.conn.Exec(ctx, sql)
	return err
}

// notSent is an error that came before the statement.
type notSent struct{ error }

func (p *program) close(ctx context.Context) {
	if p.conn != nil {
		_ = p.conn.Close(ctx)
	}
}

// The program works without faults.
func TestFaultyProgram(t *testing.T) {
	t.Parallel()
	alone(t)
	newFiles(t)
	r := faulty{}
	require.NoError(t, r.all())
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, r.rows)
	require.False(t, r.scratch)
	require.True(t, r.shut)
	require.Empty(t, r.crashes)
	require.Equal(t, "none", r.outcome)
}
