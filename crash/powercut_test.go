package crash

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs/vfstest"
)

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
	if last-first >= 9 {
		require.Positive(t, lost, "or the test shows nothing")
	}
}

// TestPowerCutsAreNoticed cuts the power of disks that lie about what is durable,
// and of clusters that do not ask. If that went unnoticed, the other tests would
// prove nothing.
func TestPowerCutsAreNoticed(t *testing.T) {
	t.Parallel()
	alone(t)
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
	alone(t)
	newFiles(t)
	seed, _ := seeds(t, 1)
	if seed%2 == 0 {
		t.Skip("even seeds do several things at a time")
	}
	numbers := regexp.MustCompile(`xlogtemp\.\d+`) // a process ID
	do := func() (ops []string) {
		r := newRun(seed)
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
	require.NotEmpty(t, first)
	require.Equal(t, first, second)
}
