package pglitetest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/pglitetest"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		fmt.Println("skipped: needs the guest:", err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var setups atomic.Int32

var people = pglitetest.Template{
	Config: pglite.Config{Extensions: []string{"citext"}},
	Setup: func(ctx context.Context, db *pglite.DB) error {
		setups.Add(1)
		_, err := db.Exec(ctx, "CREATE TABLE person (name citext PRIMARY KEY); INSERT INTO person VALUES ('Ada')")
		return err
	},
}

func TestTemplate(t *testing.T) {
	for i := range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			db := people.Open(t)
			tag, err := db.Exec(t.Context(), "UPDATE person SET name = 'Grace' WHERE name = 'ADA'")
			require.NoError(t, err)
			require.EqualValues(t, 1, tag.RowsAffected(), "test %d sees what another has done", i)
			require.EqualValues(t, 1, setups.Load())
		})
	}
}

func TestPool(t *testing.T) {
	t.Parallel()
	pool := pglitetest.Pool(t)
	for _, name := range []string{"a", "b"} {
		tx, err := pool.Begin(t.Context())
		require.NoError(t, err)
		defer tx.Rollback(context.Background())
		_, err = tx.Exec(t.Context(), "CREATE TABLE "+name+" ()")
		require.NoError(t, err)
	}
}

// A recorder is a test that records how it fails.
type recorder struct {
	testing.TB
	fatal    string
	cleanups []func()
}

func (r *recorder) Fatal(args ...any) { r.fatal = fmt.Sprint(args...); panic(r) }
func (r *recorder) Cleanup(f func())  { r.cleanups = append(r.cleanups, f) }

func TestSetupFails(t *testing.T) {
	t.Parallel()
	broken := pglitetest.Template{Setup: func(ctx context.Context, db *pglite.DB) error {
		_, err := db.Exec(ctx, "CREATE TABLE person (name nosuchtype)")
		return err
	}}
	for range 2 {
		r := &recorder{TB: t}
		require.Panics(t, func() { broken.Open(r) })
		require.Contains(t, r.fatal, `type "nosuchtype" does not exist`)
		require.Empty(t, r.cleanups)
	}
}

func BenchmarkOpen(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *pglite.DB{"empty": pglitetest.Open, "template": people.Open} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				db := open(b)
				var one int
				require.NoError(b, db.QueryRow(b.Context(), "SELECT 1").Scan(&one))
				require.NoError(b, db.Close())
			}
		})
	}
}
