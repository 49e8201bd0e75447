package pglite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	osexec "os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// memoryEnv names the variable that makes this program one that measures its own
// memory, and prints what it found: the process of a test has that of others.
const memoryEnv = "CALF_TEST_MEMORY"

// usage is memory, in KiB.
type usage struct {
	Before, Most, After uint64 // proportional set size
	Addresses           uint64 // the most there were
}

var memoryChildren = map[string]func(context.Context) (usage, error){
	"drop":      dropTables,
	"close":     closeDatabase,
	"databases": openTen,
}

func memoryChild(name string) int {
	u, err := memoryChildren[name](context.Background())
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(u)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// measure runs a child, after a command of the shell.
func measure(t *testing.T, child, first string) (u usage) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a process what its share of memory is")
	}
	if raced {
		t.Skip("the race detector takes memory and addresses for itself")
	}
	needGuest(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := osexec.Command("sh", "-c", first+`exec "$0"`, exe)
	cmd.Env = append(os.Environ(), memoryEnv+"="+child)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &u))
	t.Logf("%+v", u)
	return u
}

// procKiB reads a line of a file of /proc/self.
func procKiB(file, field string) (uint64, error) {
	b, err := os.ReadFile("/proc/self/" + file)
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut("\n"+string(b), "\n"+field+":")
	return strconv.ParseUint(strings.Fields(rest + " ")[0], 10, 64)
}

// pss is the share of memory that no file keeps: how many others have the guest's
// files mapped is not this process's doing.
func pss() (uint64, error) {
	anonymous, err := procKiB("smaps_rollup", "Pss_Anon")
	if err != nil {
		return 0, err
	}
	shared, err := procKiB("smaps_rollup", "Pss_Shmem")
	return anonymous + shared, err
}

// What is dropped goes back to the system when PostgreSQL has removed it, with no
// collection of garbage in between: the tables and indexes of pgbench, the buffers
// that their pages were in, and the log of what was done to them.
func TestDroppedTablesAreGivenBack(t *testing.T) {
	t.Parallel()
	u := measure(t, "drop", "")
	require.Greater(t, u.Most, u.Before+250<<10, "tables of 150 MB, indexes, buffers")
	require.LessOrEqual(t, u.After, u.Before+u.Before/5)
}

// So does all that a database has when it is closed, while a copy goes on.
func TestClosedDatabasesAreGivenBack(t *testing.T) {
	t.Parallel()
	u := measure(t, "close", "")
	require.Greater(t, u.Most, u.Before+250<<10)
	require.LessOrEqual(t, u.After, u.Before+u.Before/5)
}

// pgbench's tables, made as by pgbench -i -I dtGvp -s 10.
var pgbench = []string{
	"CREATE TABLE pgbench_history(tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))",
	"CREATE TABLE pgbench_tellers(tid int NOT NULL, bid int, tbalance int, filler char(84)) WITH (fillfactor=100)",
	"CREATE TABLE pgbench_accounts(aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor=100)",
	"CREATE TABLE pgbench_branches(bid int NOT NULL, bbalance int, filler char(88)) WITH (fillfactor=100)",
	"INSERT INTO pgbench_branches(bid, bbalance) SELECT g, 0 FROM generate_series(1, 10) g",
	"INSERT INTO pgbench_tellers(tid, bid, tbalance) SELECT g, (g - 1) / 10 + 1, 0 FROM generate_series(1, 100) g",
	"INSERT INTO pgbench_accounts(aid, bid, abalance, filler) SELECT g, (g - 1) / 100000 + 1, 0, '' FROM generate_series(1, 1000000) g",
	"VACUUM ANALYZE pgbench_accounts",
	"ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid)",
	"ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid)",
	"ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)",
}

// accounts changes pages all over the table, so that the buffers fill up.
const accounts = `
	UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid % 61 = 0;
	UPDATE pgbench_tellers SET tbalance = tbalance + 1;
	INSERT INTO pgbench_history SELECT 1, 1, g, 1, now(), '' FROM generate_series(1, 10000) g`

// run runs statements in a session of their own, and waits for its end.
func run(ctx context.Context, db *pglite.DB, statements ...string) error {
	conn, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	pid := conn.PgConn().PID()
	if err := conn.Close(ctx); err != nil {
		return err
	}
	for there := true; there; {
		if err := db.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid).Scan(&there); err != nil {
			return err
		}
	}
	return nil
}

func dropTables(ctx context.Context) (u usage, err error) {
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		return u, err
	}
	defer db.Close()
	if err := run(ctx, db, "SELECT 1"); err != nil {
		return u, err
	}
	if u.Before, err = pss(); err != nil {
		return u, err
	}
	if err := run(ctx, db, append(pgbench, accounts)...); err != nil {
		return u, err
	}
	if u.Most, err = pss(); err != nil {
		return u, err
	}
	if err := run(ctx, db, "DROP TABLE pgbench_accounts, pgbench_branches, pgbench_tellers, pgbench_history", "CHECKPOINT"); err != nil {
		return u, err
	}
	u.After, err = pss()
	return u, err
}

func closeDatabase(ctx context.Context) (u usage, err error) {
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		return u, err
	}
	defer db.Close()
	fork, err := db.Fork(ctx)
	if err != nil {
		return u, err
	}
	defer fork.Close()
	if u.Before, err = pss(); err != nil {
		return u, err
	}
	if err := run(ctx, db, append(pgbench, accounts)...); err != nil {
		return u, err
	}
	another, err := db.Fork(ctx)
	if err != nil {
		return u, err
	}
	defer another.Close()
	if err := run(ctx, another, accounts); err != nil {
		return u, err
	}
	if u.Most, err = pss(); err != nil {
		return u, err
	}
	if err := db.Close(); err != nil {
		return u, err
	}
	if err := another.Close(); err != nil {
		return u, err
	}
	u.After, err = pss()
	return u, err
}

// Ten databases with four connections each work with 8 GiB of addresses, which Go
// and compiled code take some of.
func TestTenDatabasesInFewAddresses(t *testing.T) {
	t.Parallel()
	const limit = 8 << 20
	u := measure(t, "databases", fmt.Sprintf("ulimit -v %d && ", limit))
	require.Less(t, u.Addresses, uint64(limit))
}

func openTen(ctx context.Context) (u usage, err error) {
	if u.Before, err = pss(); err != nil {
		return u, err
	}
	for range 10 {
		db, err := pglite.Open(ctx, pglite.Memory)
		if err != nil {
			return u, err
		}
		defer db.Close()
		if err := run(ctx, db, "CREATE TABLE t AS SELECT g, md5(g::text) m FROM generate_series(1, 20000) g"); err != nil {
			return u, err
		}
		for range 4 {
			conn, err := db.Connect(ctx)
			if err != nil {
				return u, err
			}
			defer conn.Close(ctx)
			// The sort takes more memory than a process has at first.
			var n int
			if _, err := conn.Exec(ctx, "SET work_mem = '32MB'"); err != nil {
				return u, err
			}
			err = conn.QueryRow(ctx, "SELECT count(*) FROM (SELECT a.m || b.m FROM t a, t b WHERE a.g % 100 = 1 AND b.g < 400 ORDER BY 1 OFFSET 0) s").Scan(&n)
			if err == nil && n != 200*399 {
				err = fmt.Errorf("%d rows", n)
			}
			if err != nil {
				return u, err
			}
		}
	}
	if u.Most, err = pss(); err != nil {
		return u, err
	}
	u.After = u.Most
	u.Addresses, err = procKiB("status", "VmPeak")
	return u, err
}
