package codecache

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/calfdb/calf/internal/filelock"
	"github.com/stretchr/testify/require"
)

func TestCompiledOnce(t *testing.T) {
	t.Parallel()
	needCompiler(t)
	dir := filepath.Join(t.TempDir(), "new", "cache")
	require.Equal(t, 1, use(t, dir, program(10, 1), 1).count("compiled"))
	require.Zero(t, use(t, dir, program(10, 1), 1).count("compil"))
	require.Len(t, entries(t, dir), 1)
	require.Equal(t, 1, use(t, dir, program(10, 2), 2).count("compiled"))
	require.Len(t, entries(t, dir), 2)
	list, err := os.ReadDir(filepath.Join(dir, folderName()))
	require.NoError(t, err)
	require.Len(t, list, 2, "nothing else is left")
}

// A module that is none fails as it does without a cache.
func TestInvalidModule(t *testing.T) {
	t.Parallel()
	u := newUser(t.TempDir(), &logger{})
	_, err := u.compile(t.Context(), []byte("nonsense"))
	require.ErrorContains(t, err, "invalid magic number")
	require.Zero(t, u.log.count("compiled"))
	require.Empty(t, entries(t, filepath.Dir(u.cache.folder)))
}

// start starts this program as a child.
func start(t *testing.T, dir, do string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childEnv+"="+dir, childDo+"="+do)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, bufio.NewReader(out)
}

// Of programs that start together one compiles, and what they have in common
// is not in the way of other modules.
func TestProcessesCompileOnce(t *testing.T) {
	t.Parallel()
	needCompiler(t)
	dir := t.TempDir()
	var wg sync.WaitGroup
	var mu sync.Mutex
	compiled := 0
	for range 8 {
		cmd, out := start(t, dir, "compile")
		wg.Go(func() {
			for {
				line, err := out.ReadString('\n')
				if err != nil {
					break
				}
				mu.Lock()
				if strings.HasPrefix(line, "compiled") {
					compiled++
				}
				mu.Unlock()
			}
			require.NoError(t, cmd.Wait())
		})
	}
	for i := range 4 { // and parts of one process
		wg.Go(func() { use(t, dir, program(2000, 1), 1) })
		wg.Go(func() { use(t, dir, program(500, byte(2+i%2)), 2+i%2) })
	}
	wg.Wait()
	require.LessOrEqual(t, compiled, 1)
	require.Len(t, entries(t, dir), 3)
}

// A process that is killed while it compiles is in nobody's way, and what it
// leaves is removed.
func TestKilledWhileCompiling(t *testing.T) {
	t.Parallel()
	needCompiler(t)
	dir := t.TempDir()
	cmd, out := start(t, dir, "hang")
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "compiling\n", line)
	locks, err := filepath.Glob(filepath.Join(dir, "*", "*"+lockEnding))
	require.NoError(t, err)
	require.Len(t, locks, 1)
	if runtime.GOOS != "windows" { // whose locks cannot be told from elsewhere as long as the child may end by itself
		_, err = filelock.Open(locks[0])
		require.ErrorIs(t, err, filelock.ErrHeld)
	}
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	log := use(t, dir, program(2000, 1), 1)
	require.Equal(t, 1, log.count("compiled"))
	require.Zero(t, log.count("waiting"))
	require.NoFileExists(t, locks[0])
	require.Len(t, entries(t, dir), 1)
}

// Who waits for another goes when its context ends.
func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	u := newUser(dir, &logger{hook: func(text string) {
		if strings.HasPrefix(text, "waiting") {
			cancel(gone)
		}
	}})
	wasm := program(10, 1)
	lock, err := filelock.Open(filepath.Join(u.cache.folder, key(wasm)+lockEnding))
	require.NoError(t, err)
	_, err = u.compile(ctx, wasm)
	require.ErrorIs(t, err, gone)

	wait := make(chan struct{})
	u.log.hook = func(text string) {
		if strings.HasPrefix(text, "waiting") {
			close(wait)
		}
	}
	go func() {
		<-wait
		filelock.Remove(lock)
	}()
	n, err := u.compile(t.Context(), wasm)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

// Two programs share what they compile, although one knows the version of its
// wazero, and the other, a test, does not.
func TestSharedWithAProgram(t *testing.T) {
	t.Parallel()
	needCompiler(t)
	tmp := t.TempDir()
	exe, module := filepath.Join(tmp, "program.exe"), filepath.Join(tmp, "module.wasm")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", exe, "./testdata/program").CombinedOutput()
	require.NoError(t, err, string(out))
	wasm := program(100, 3)
	require.NoError(t, os.WriteFile(module, wasm, 0o600))
	run := func(dir string) string {
		out, err := exec.CommandContext(t.Context(), exe, dir, module).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	versions := map[string]bool{}
	for _, first := range []string{"the program", "the test"} {
		dir := filepath.Join(tmp, first)
		if first == "the program" {
			require.Contains(t, run(dir), "msg=compiled")
			require.Zero(t, use(t, dir, wasm, 3).count("compil"))
		} else {
			require.Equal(t, 1, use(t, dir, wasm, 3).count("compiled"))
			require.NotContains(t, run(dir), "compil")
		}
		require.Len(t, entries(t, dir), 1)
		e, err := open(entries(t, dir)[0])
		require.NoError(t, err)
		versions[e.header] = true
	}
	require.Len(t, versions, 2, "wazero takes both for the same: sharing is no art any more")
}
