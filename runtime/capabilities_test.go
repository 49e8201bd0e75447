package runtime_test

import (
	"context"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// Where PostgreSQL cannot be compiled it is interpreted: with several sessions,
// errors that jump, and recursion that ends.
func TestInterpreted(t *testing.T) {
	t.Parallel()
	module(t) // skips without the guest
	set, err := assets.Open()
	require.NoError(t, err)
	ctx := context.Background()
	m, err := runtime.Load(ctx, runtime.Config{Assets: set, Interpret: true})
	require.NoError(t, err)
	defer m.Close()
	data := vfs.NewMemory(0)
	require.NoError(t, m.CopyTemplate(ctx, data))
	c, err := m.Start(ctx, runtime.ClusterConfig{Data: data})
	require.NoError(t, err)
	defer c.Shutdown(ctx)
	require.False(t, c.Capabilities().Compiler)

	a, _ := connect(t, c)
	defer a.Close(ctx)
	b, _ := connect(t, c)
	defer b.Close(ctx)
	_, err = a.Exec(ctx, "BEGIN; CREATE TABLE t AS SELECT g FROM generate_series(1, 100) g")
	require.NoError(t, err)
	require.True(t, one[bool](t, b, "SELECT to_regclass('t') IS NULL"))
	_, err = a.Exec(ctx, "COMMIT")
	require.NoError(t, err)
	require.Equal(t, 5050, one[int](t, b, "SELECT sum(g) FROM t"))
	var failure *pgconn.PgError
	_, err = b.Exec(ctx, "SELECT 1/0")
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "22012", failure.Code)
	_, err = b.Exec(ctx, "SET max_stack_depth = '100kB'; "+
		"CREATE FUNCTION f(i int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN f(i + 1); END'; SELECT f(1)")
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "54001", failure.Code)
}
