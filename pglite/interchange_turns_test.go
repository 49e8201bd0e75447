package pglite_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/stretchr/testify/require"
)

// TestInterchangeByTurns lets calf and PGlite work on one data directory by turns. Each finds what the other has done, also when
// the other was killed.
func TestInterchangeByTurns(t *testing.T) {
	t.Parallel()
	needPeers(t)
	dir := filepath.Join(t.TempDir(), "data")
	turns := []struct {
		pglite, killed bool
	}{
		{}, {pglite: true}, {killed: true}, {pglite: true, killed: true}, {}, {pglite: true, killed: true}, {killed: true},
	}
	for round, turn := range turns {
		sqls := []string{work(round), state}
		var got []any
		switch {
		case turn.pglite:
			got = dbtest.Peer{Dir: dir, SQL: sqls, Kill: turn.killed}.Run(t)
		case turn.killed:
			got = killedChild(t, dir, sqls)
		default:
			db, err := pglite.Open(t.Context(), dir)
			require.NoError(t, err)
			got = scripts(t, db, sqls...)
			require.NoError(t, db.Close())
		}
		requireState(t, round, got[1])
	}
	sqls := []string{state, testFile(t, "amcheck.sql")}
	last := dbtest.Peer{Dir: dir, SQL: sqls}.Run(t)
	require.Empty(t, last[1])
	require.Equal(t, last, scripts(t, open(t, pglite.Config{Dir: dir}), sqls...))
}

// work is what is done in each round, by either.
func work(round int) string {
	sql := ""
	switch round {
	case 0: // calf's
		sql = `CREATE TABLE t (id bigserial PRIMARY KEY, round int, changes int DEFAULT 0, pad text);
			CREATE INDEX ON t (pad);
			CREATE EXTENSION hstore;
			CREATE TABLE h (round int, v hstore);`
	case 1: // PGlite's
		sql = `CREATE EXTENSION vector;
			CREATE TABLE e (round int, v vector(3));
			CREATE INDEX ON e USING hnsw (v vector_l2_ops);
			CREATE FUNCTION twice(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 2 * $1; END';`
	case 2:
		sql = `ALTER TABLE t ADD COLUMN late text DEFAULT 'later';`
	case 3:
		sql = `REINDEX TABLE t;
			CHECKPOINT;`
	}
	sql += fmt.Sprintf(`INSERT INTO t (round, pad) SELECT %d, md5(g::text) || repeat('x', g) FROM generate_series(1, 300) g;
		UPDATE t SET changes = changes + 1 WHERE round < %[1]d;
		DELETE FROM t WHERE round = %[1]d AND id %% 3 = 0;
		INSERT INTO h VALUES (%[1]d, 'round => %[1]d');
		SELECT lo_from_bytea(90000 + %[1]d, convert_to(repeat('%[1]d', 10000), 'UTF8'));`, round)
	if round > 0 {
		sql += fmt.Sprintf("INSERT INTO e SELECT %d, ARRAY[%[1]d, g, 1] FROM generate_series(1, 50) g;", round)
	}
	return sql
}

// state is what [requireState] looks at.
const state = `SELECT jsonb_build_object(
	'rows', (SELECT count(*) FROM t), 'ids', (SELECT count(DISTINCT id) FROM t), 'rounds', (SELECT count(DISTINCT round) FROM t),
	'disorder', (SELECT count(*) FROM (SELECT round, lag(round) OVER (ORDER BY id) AS before FROM t) x WHERE before > round),
	'unchanged', (SELECT count(*) FROM t WHERE changes <> (SELECT max(round) FROM t) - round),
	'pads', (SELECT count(*) FROM t WHERE pad NOT LIKE '________________________________x%'),
	'hstores', (SELECT count(*) FROM h WHERE v -> 'round' = round::text),
	'objects', (SELECT count(*) FROM pg_largeobject_metadata WHERE lo_get(oid) = convert_to(repeat((oid::int8 - 90000)::text, 10000), 'UTF8'))
)::text`

func requireState(t *testing.T, round int, got any) {
	t.Helper()
	var s map[string]int
	require.NoError(t, json.Unmarshal([]byte(got.(string)), &s))
	rounds := round + 1
	require.InDelta(t, 200*rounds, s["rows"], float64(rounds), "a third of 300 was deleted in each round")
	delete(s, "rows")
	require.Equal(t, map[string]int{
		"ids": s["ids"], "rounds": rounds, "disorder": 0, "unchanged": 0, "pads": 0, "hstores": rounds, "objects": rounds,
	}, s, "round %d", round)
}

// childEnv has the arguments of [killedChild] in the child.
const childEnv = "CALF_TEST_KILLED_CHILD"

// killedChild runs scripts as [scripts] does, in a process of its own that is killed then.
func killedChild(t *testing.T, dir string, sqls []string) (values []any) {
	t.Helper()
	spec, err := json.Marshal(append([]string{dir}, sqls...))
	require.NoError(t, err)
	cmd := osexec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(spec))
	out, err := cmd.Output()
	var exit *osexec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, -1, exit.ExitCode(), "killed: %s%s", out, exit.Stderr)
	require.NoError(t, json.Unmarshal(out, &values), "%s", out)
	return values
}

// child is the other side of killedChild.
func child(spec string) (err error) {
	var args []string
	if err := json.Unmarshal([]byte(spec), &args); err != nil {
		return err
	}
	ctx := context.Background()
	db, err := pglite.Open(ctx, args[0])
	if err != nil {
		return err
	}
	conn, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	var values []any
	for _, sql := range args[1:] {
		results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		if err != nil {
			return err
		}
		var v any
		if rows := results[len(results)-1].Rows; len(rows) > 0 {
			v = string(rows[0][0])
		}
		values = append(values, v)
	}
	self, err := os.FindProcess(os.Getpid())
	return errors.Join(err, json.NewEncoder(os.Stdout).Encode(values), self.Signal(syscall.SIGKILL))
}
