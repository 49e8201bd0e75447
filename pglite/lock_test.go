package pglite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
)

// A second DB of the same process is refused by whatever name it calls the
// directory.
func TestLockedByThisProcess(t *testing.T) {
	t.Parallel()
	needGuest(t)
	parent := t.TempDir()
	dir := filepath.Join(parent, "data")
	db, err := pglite.Open(context.Background(), dir)
	require.NoError(t, err)
	wd, err := os.Getwd()
	require.NoError(t, err)
	names := []string{dir, dir + "/", filepath.Join(parent, "missing") + "/../data/."}
	relative, err := filepath.Rel(wd, dir)
	if runtime.GOOS != "windows" { // where it may be on another drive
		require.NoError(t, err)
	}
	if err == nil {
		names = append(names, relative)
	}
	link := filepath.Join(parent, "link")
	_ = os.Symlink(parent, link) // which takes a privilege on Windows
	if _, err := os.Readlink(link); err == nil {
		names = append(names, filepath.Join(link, "data"))
	}
	for _, name := range names {
		_, err := pglite.Open(context.Background(), name)
		require.ErrorIs(t, err, pglite.ErrLocked, name)
		require.ErrorContains(t, err, "in use by another DB of this process")
		require.ErrorContains(t, err, name)
	}
	require.NoError(t, db.Close())
	again := open(t, pglite.Config{Dir: dir})
	require.Equal(t, 1, query[int](t, again, "SELECT 1"))
}

// holder starts a program that holds a directory.
func holder(tb testing.TB, dir string) (*osexec.Cmd, io.WriteCloser) {
	tb.Helper()
	exe, err := os.Executable()
	require.NoError(tb, err)
	cmd := osexec.Command(exe)
	cmd.Env = append(os.Environ(), holdEnv+"="+dir)
	cmd.Stderr = tb.Output()
	stdin, err := cmd.StdinPipe()
	require.NoError(tb, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	tb.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(tb, err)
	require.Equal(tb, "open\n", line)
	return cmd, stdin
}

// Another process is refused as long as the holder lives, and told who that is.
// The lock of one that was killed is taken over.
func TestLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	needGuest(t)
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	host, err := os.Hostname()
	require.NoError(t, err)

	cmd, _ := holder(t, dir)
	_, err = pglite.Open(ctx, dir)
	require.ErrorIs(t, err, pglite.ErrLocked)
	require.ErrorContains(t, err, fmt.Sprintf("in use by process %d (%s) on %s since 2", cmd.Process.Pid, filepath.Base(cmd.Path), host))
	if runtime.GOOS != "windows" { // where it cannot be removed
		require.NoError(t, os.Remove(filepath.Join(dir, "calf.lock")))
		_, err = pglite.Open(ctx, dir)
		require.ErrorIs(t, err, pglite.ErrLocked)
		require.ErrorContains(t, err, "by a process whose calf.lock was removed")
	}
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	db, err := pglite.Open(ctx, dir)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	left, err := os.ReadFile(filepath.Join(dir, "calf.lock"))
	require.NoError(t, err)
	require.Empty(t, left, "nobody holds it")

	cmd, stdin := holder(t, dir)
	require.NoError(t, stdin.Close())
	require.NoError(t, cmd.Wait())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "calf.lock"), []byte("process 1 on Mars"), 0o600))
	again := open(t, pglite.Config{Dir: dir})
	require.Equal(t, 1, query[int](t, again, "SELECT 1"), "what the file says does not count")
}

// TestLockHammer takes and releases the lock from many goroutines, while the
// file is being removed. Never do two have it.
func TestLockHammer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var inside, taken atomic.Int32
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(c), 0))
			for range 500 {
				l, err := pglite.LockDirectory(dir)
				if err != nil {
					require.ErrorIs(t, err, pglite.ErrLocked)
					continue
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d have the lock", n)
				}
				taken.Add(1)
				if rnd.IntN(3) == 0 && runtime.GOOS != "windows" {
					_ = os.Remove(filepath.Join(dir, "calf.lock"))
				}
				inside.Add(-1)
				require.NoError(t, l.Close())
			}
		})
	}
	wg.Wait()
	require.Positive(t, taken.Load())
}

// What a server that is gone has left in postmaster.pid does not matter: calf
// has a lock of its own.
func TestStalePostmasterPID(t *testing.T) {
	t.Parallel()
	needGuest(t)
	dir := filepath.Join(t.TempDir(), "data")
	db, err := pglite.Open(context.Background(), dir)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	rest := "\n/pglite/data\n1795313054\n5432\n\n\n       20         1\n"
	for _, content := range []string{
		"-42" + rest, "42" + rest, "1" + rest, "43" + rest, fmt.Sprint(os.Getpid()) + rest, fmt.Sprint(os.Getppid()) + rest,
		"-42", "", "garbage\n", "99999999999999\n", strings.Repeat("\x00", 8192),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "postmaster.pid"), []byte(content), 0o600))
		db, err := pglite.Open(context.Background(), dir)
		require.NoError(t, err, "%q", content)
		require.Equal(t, 1, query[int](t, db, "SELECT 1"))
		require.NoError(t, db.Close())
		require.NoFileExists(t, filepath.Join(dir, "postmaster.pid"))
	}
}
