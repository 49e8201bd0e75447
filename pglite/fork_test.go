package pglite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

func TestFork(t *testing.T) {
	t.Parallel()
	needGuest(t)
	for name, dir := range map[string]string{"memory": "", "directory": filepath.Join(t.TempDir(), "data")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			db := open(t, pglite.Config{Dir: dir, Extensions: []string{"vector"}})
			exec(t, db, "CREATE ROLE ada; CREATE TABLE kept (v vector(2)); INSERT INTO kept VALUES ('[1,2]')")
			exec(t, db, "CREATE UNLOGGED TABLE passing AS SELECT 1")
			conn, err := db.Connect(ctx)
			require.NoError(t, err)
			_, err = conn.Exec(ctx, "BEGIN; INSERT INTO kept VALUES ('[3,4]'); LOCK TABLE passing")
			require.NoError(t, err)

			fork, err := db.Fork(ctx)
			require.NoError(t, err)
			defer fork.Close()
			require.Equal(t, 1, query[int](t, fork, "SELECT count(*) FROM kept"), "an open transaction is not part of the copy")
			require.Equal(t, 0, query[int](t, fork, "SELECT count(*) FROM passing"))
			require.Equal(t, 1, query[int](t, fork, "SELECT count(*) FROM pg_roles WHERE rolname = 'ada'"))
			_, err = conn.Exec(ctx, "COMMIT")
			require.NoError(t, err)
			require.NoError(t, conn.Close(ctx))
			exec(t, fork, "INSERT INTO kept SELECT '[5,6]' FROM generate_series(1, 5)")
			require.Equal(t, 6, query[int](t, fork, "SELECT count(*) FROM kept"))
			require.Equal(t, 2, query[int](t, db, "SELECT count(*) FROM kept"))

			again, err := fork.Fork(ctx)
			require.NoError(t, err)
			require.NoError(t, db.Close())
			require.NoError(t, fork.Close())
			require.Equal(t, 6, query[int](t, again, "SELECT count(*) FROM kept"))
			require.NoError(t, again.Close())

			_, err = db.Fork(ctx)
			require.ErrorIs(t, err, pglite.ErrClosed)
		})
	}
}

// A fork is one moment: transfers that go on meanwhile are in it whole or not
// at all.
func TestForkIsOneMoment(t *testing.T) {
	t.Parallel()
	needGuest(t)
	db := open(t, pglite.Config{})
	exec(t, db, "CREATE TABLE account AS SELECT id, 100 AS amount FROM generate_series(1, 50) AS id")
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	defer writers.Wait()
	defer stop()
	for w := range 3 {
		conn, err := db.Connect(t.Context())
		require.NoError(t, err)
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				_, _ = conn.Exec(t.Context(), fmt.Sprintf(`BEGIN; UPDATE account SET amount = amount - 1 WHERE id = %d;
					UPDATE account SET amount = amount + 1 WHERE id = %d; COMMIT`, 1+w+(i*7)%40, 45+w))
			}
			_ = conn.Close(context.Background())
		})
	}
	for range 5 {
		fork, err := db.Fork(t.Context())
		require.NoError(t, err)
		require.Equal(t, "5000 in 50", query[string](t, fork, "SELECT sum(amount) || ' in ' || count(*) FROM account"))
		require.NoError(t, fork.Close())
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	needGuest(t)
	cfg := pglite.Config{Init: pglite.Init{Username: "ada"}, Extensions: []string{"pg_trgm"}}
	tmpl, err := pglite.NewTemplate(t.Context(), cfg, func(ctx context.Context, db *pglite.DB) error {
		_, err := db.Exec(ctx, "CREATE UNLOGGED TABLE kept AS SELECT generate_series(1, 1000) AS id")
		return err
	})
	require.NoError(t, err)
	for i := range 6 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			cfg := pglite.Config{Template: tmpl}
			if i%3 == 0 {
				cfg.Dir = filepath.Join(t.TempDir(), "data")
			}
			db := open(t, cfg)
			require.Equal(t, 1000, query[int](t, db, "SELECT count(*) FROM kept"), "unlogged tables are part of a template")
			exec(t, db, fmt.Sprintf("DELETE FROM kept WHERE id > %d", i))
			require.Equal(t, i, query[int](t, db, "SELECT count(*) FROM kept"))
			require.Equal(t, "ada", query[string](t, db, "SELECT current_user"))
			require.NoError(t, db.Close())
			if cfg.Dir == "" {
				return
			}
			db = open(t, cfg) // the directory has a database now
			require.Equal(t, i, query[int](t, db, "SELECT count(*) FROM kept"))
			require.NoError(t, db.Close())
		})
	}
}

func TestTemplateErrors(t *testing.T) {
	t.Parallel()
	needGuest(t)
	boom := fmt.Errorf("boom")
	_, err := pglite.NewTemplate(t.Context(), pglite.Config{}, func(context.Context, *pglite.DB) error { return boom })
	require.ErrorIs(t, err, boom)
	_, err = pglite.NewTemplate(t.Context(), pglite.Config{Dir: t.TempDir()}, nil)
	require.ErrorContains(t, err, "templates are in memory")
	tmpl, err := pglite.NewTemplate(t.Context(), pglite.Config{}, nil)
	require.NoError(t, err)
	_, err = pglite.OpenConfig(t.Context(), pglite.Config{Template: tmpl, Load: new(readsNothing)})
	require.ErrorContains(t, err, "exclude each other")
}

type readsNothing struct{}

func (readsNothing) Read([]byte) (int, error) { panic("read") }
