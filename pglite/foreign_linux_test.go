package pglite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/pglite"
)

// A process that locks nothing is noticed by the files that it writes to.
func TestForeignUser(t *testing.T) {
	t.Parallel()
	needGuest(t)
	ctx := context.Background()
	parent := t.TempDir()
	dir := filepath.Join(parent, "data")
	db, err := pglite.Open(ctx, dir)
	require.NoError(t, err)
	exec(t, db, "CREATE TABLE t ()")
	require.NoError(t, db.Close())
	require.NoError(t, os.Symlink(parent, filepath.Join(parent, "link")))
	for _, test := range []struct {
		name, file, how string
		pidFile, locked bool
	}{
		{"Writes", "base/5/1259", "<>", true, true},
		{"WritesWAL", "pg_wal/000000010000000000000001", "<>", true, true},
		{"Reads", "base/5/1259", "<", true, false},            // a backup
		{"Edits", "postgresql.conf", "<>", true, false},       // an editor
		{"WithoutPIDFile", "base/5/1259", "<>", false, false}, // no server
	} {
		t.Run(test.name, func(t *testing.T) {
			pidFile := filepath.Join(dir, "postmaster.pid")
			if test.pidFile {
				require.NoError(t, os.WriteFile(pidFile, []byte("-42\n"), 0o600))
			}
			cmd := osexec.Command("sh", "-c", `exec 3`+test.how+`"$0"; echo open; read x`, filepath.Join(dir, test.file))
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			_, err = bufio.NewReader(stdout).ReadString('\n')
			require.NoError(t, err)
			for _, name := range []string{dir, filepath.Join(parent, "link", "data")} {
				db, err := pglite.Open(ctx, name)
				if !test.locked {
					require.NoError(t, err)
					require.NoError(t, db.Close())
					continue
				}
				require.ErrorIs(t, err, pglite.ErrLocked)
				require.ErrorContains(t, err, fmt.Sprintf("by process %d (sh) on ", cmd.Process.Pid))
				require.ErrorContains(t, err, "which has "+test.file+" open")
				require.FileExists(t, pidFile, "nothing is changed")
			}
			require.NoError(t, stdin.Close())
			_ = cmd.Wait()
			db, err := pglite.Open(ctx, dir)
			require.NoError(t, err)
			require.NoError(t, db.Close())
		})
	}
}

// PGlite under Node has the directory open: calf is told, and leaves it alone.
// When Node is killed, calf recovers what it wrote. calf's own files in the
// directory are nothing to PGlite.
func TestNodeHasTheDirectory(t *testing.T) {
	t.Parallel()
	needGuest(t)
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	db, err := pglite.Open(ctx, dir)
	require.NoError(t, err)
	exec(t, db, "CREATE TABLE t (a int)")
	require.NoError(t, db.Close())

	node := peers.Start(t, `
		const { PGlite } = await import("pglite-0.5")
		const db = await PGlite.create("file://" + process.argv[2])
		await db.query("INSERT INTO t VALUES (1)")
		console.log("ready")
		process.stdin.on("end", async () => { await db.close(); console.log("closed") }).resume()`, dir)
	require.Equal(t, "ready", node.Line())
	_, err = pglite.Open(ctx, dir)
	require.ErrorIs(t, err, pglite.ErrLocked)
	require.ErrorContains(t, err, fmt.Sprintf("by process %d (", node.Process.Pid))
	require.NoError(t, node.Process.Kill())
	_ = node.Wait()

	db, err = pglite.Open(ctx, dir)
	require.NoError(t, err)
	require.Equal(t, 1, query[int](t, db, "SELECT sum(a) FROM t"))
	require.NoError(t, db.Close())

	node = peers.Start(t, `
		const { PGlite } = await import("pglite-0.5")
		const db = await PGlite.create("file://" + process.argv[2])
		console.log((await db.query("SELECT sum(a)::int AS s FROM t")).rows[0].s)
		await db.close()`, dir)
	require.Equal(t, "1", node.Line())
	_, err = io.Copy(io.Discard, node.Stdout)
	require.NoError(t, err)
	require.NoError(t, node.Wait())
	again := open(t, pglite.Config{Dir: dir})
	require.Equal(t, 1, query[int](t, again, "SELECT sum(a) FROM t"))
}
