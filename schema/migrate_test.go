package schema_test

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/schema"
)

const (
	first  = "202501010001"
	second = "202501010002"
	third  = "202501010003"
)

// abc are three migrations, of which the second has no way back.
var abc = []string{
	first + "_a.sql", "CREATE TABLE a (n int); INSERT INTO a VALUES (1), (2);",
	first + "_a.down.sql", "DROP TABLE a",
	second + "_b.sql", "CREATE TABLE b (n int)",
	third + "_c.sql", "CREATE TABLE c (n int)",
	third + "_c.down.sql", "DROP TABLE c",
}

// without returns abc with something else in place of some files; a "" removes.
func without(nameAndText ...string) []string {
	fsys := files(abc...)
	for name, file := range files(nameAndText...) {
		fsys[name] = file
		if len(file.Data) == 0 {
			delete(fsys, name)
		}
	}
	var list []string
	for name, file := range fsys {
		list = append(list, name, string(file.Data))
	}
	return list
}

func versions(steps []schema.Step) []string {
	var list []string
	for _, step := range steps {
		sign := "+"
		if step.Revert {
			sign = "-"
		}
		list = append(list, sign+step.Name)
	}
	return list
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx := context.Background()
		set := load(t, abc...)

		current, err := schema.Current(ctx, pool, set)
		require.NoError(t, err)
		require.Equal(t, schema.Empty, current)
		plan, err := schema.Plan(ctx, pool, set, second)
		require.NoError(t, err)
		require.Equal(t, []string{"+a", "+b"}, versions(plan))
		require.False(t, exists(t, pool, "history"), "Plan has changed something")

		ran, err := schema.Migrate(ctx, pool, set, second)
		require.NoError(t, err)
		require.Equal(t, plan, ran)
		require.True(t, exists(t, pool, "b"))
		require.False(t, exists(t, pool, "c"))

		ran, err = schema.Migrate(ctx, pool, set, schema.Latest)
		require.NoError(t, err)
		require.Equal(t, []string{"+c"}, versions(ran))
		history, err := schema.History(ctx, pool, set)
		require.NoError(t, err)
		require.Len(t, history, 3)
		for i, m := range set.Migrations() {
			require.Equal(t, m.Version, history[i].Version)
			require.Equal(t, m.Name, history[i].Name)
			require.Equal(t, m.Checksum(), history[i].Checksum)
			require.False(t, history[i].At.IsZero())
		}

		ran, err = schema.Migrate(ctx, pool, set, schema.Latest)
		require.NoError(t, err)
		require.Empty(t, ran)

		ran, err = schema.Migrate(ctx, pool, set, second)
		require.NoError(t, err)
		require.Equal(t, []string{"-c"}, versions(ran))
		require.False(t, exists(t, pool, "c"))

		_, err = schema.Migrate(ctx, pool, set, schema.Empty)
		require.ErrorIs(t, err, schema.ErrVersion)
		require.ErrorContains(t, err, second+" b has no way back")
		_, err = schema.Migrate(ctx, pool, set, "202501010009")
		require.ErrorIs(t, err, schema.ErrVersion)
		current, err = schema.Current(ctx, pool, set)
		require.NoError(t, err)
		require.Equal(t, second, current)
	})
}

// What fails takes everything of its call with it.
func TestMigrateIsAtomic(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx := context.Background()
		_, err := schema.Migrate(ctx, pool, load(t, without(third+"_c.sql", "CREATE TABLE c (n int); SELECT 1/0")...), schema.Latest)
		var failed *schema.MigrationError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, schema.PhaseApply, failed.Phase)
		require.Equal(t, third, failed.Version)
		require.Equal(t, "c", failed.Name)
		require.Equal(t, "22012", failed.SQLState())
		require.False(t, failed.Recoverable)
		var pg *pgconn.PgError
		require.ErrorAs(t, err, &pg)
		for _, table := range []string{"a", "b", "c", "history"} {
			require.False(t, exists(t, pool, table), table)
		}

		_, err = schema.Migrate(ctx, pool, load(t, without(third+"_c.sql", "CREATE TABLE c (n int); COMMIT")...), schema.Latest)
		require.ErrorContains(t, err, "it ended the transaction")
	})
}

func TestMigrateRefuses(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx := context.Background()
		_, err := schema.Migrate(ctx, pool, load(t, abc...), schema.Latest)
		require.NoError(t, err)
		tests := map[string]struct {
			files []string
			want  []string
		}{
			"edited": {without(first+"_a.sql", "CREATE TABLE a (n bigint)"), []string{first + " a was edited"}},
			"removed": {
				without(second+"_b.sql", ""),
				[]string{second + " b was applied and is no longer there"},
			},
			"slipped in":   {without("202412310001_z.sql", "SELECT 1"), []string{"202412310001 z is not applied, but " + third}},
			"from a newer": {without(third+"_c.sql", "", third+"_c.down.sql", ""), []string{third + " c is newer than this program, whose last is " + second}},
			"reordered": {
				without(first+"_a.sql", "CREATE TABLE b (n int)", second+"_b.sql", "CREATE TABLE a (n int)"),
				[]string{first + " a was edited", second + " b was edited"},
			},
			"several": {
				without(first+"_a.sql", "SELECT 1", second+"_b.sql", ""),
				[]string{first + " a was edited", second + " b was applied"},
			},
		}
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				set := load(t, test.files...)
				_, planErr := schema.Plan(ctx, pool, set, schema.Latest)
				_, validateErr := schema.Validate(ctx, pool, set)
				_, migrateErr := schema.Migrate(ctx, pool, set, schema.Latest)
				for _, err := range []error{planErr, validateErr, migrateErr} {
					require.ErrorIs(t, err, schema.ErrHistory)
					for _, want := range test.want {
						require.ErrorContains(t, err, want)
					}
				}
				current, err := schema.Current(ctx, pool, set)
				require.NoError(t, err)
				require.Equal(t, third, current)
			})
		}
	})
}

// Everybody who starts at the same time succeeds, and each step runs once.
func TestMigrateRace(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
		// A stricter default must not make the waiting ones see the past.
		exec(t, pool, "ALTER ROLE postgres SET default_transaction_isolation = 'repeatable read'")
		pool.Reset()
		set := load(t, abc...)
		var wg sync.WaitGroup
		var mu sync.Mutex
		ran := 0
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				steps, err := schema.Migrate(context.Background(), pool, set, schema.Latest)
				mu.Lock()
				defer mu.Unlock()
				ran += len(steps)
				errs[i] = err
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, 3, ran)
		exec(t, pool, "ALTER ROLE postgres RESET default_transaction_isolation")
	})
}

func TestMigrateCancelled(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := schema.Migrate(ctx, pool, load(t, abc...), schema.Latest)
		var failed *schema.MigrationError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, schema.PhaseBegin, failed.Phase)
		require.True(t, failed.Recoverable)
		require.ErrorIs(t, err, context.Canceled)
	})
}
