package codecache

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What is in a folder that cannot be written is used. Root may write
// everywhere, so that the thread becomes another user for the files.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	needCompiler(t)
	dir := t.TempDir()
	use(t, dir, program(100, 1), 1)
	const nobody = 65534
	folder := filepath.Join(dir, folderName())
	if os.Getuid() == 0 {
		require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
		require.NoError(t, os.Chown(entries(t, dir)[0], nobody, nobody))
		require.NoError(t, os.Chown(folder, nobody, nobody))
	}
	require.NoError(t, os.Chmod(folder, 0o500))
	t.Cleanup(func() { _ = os.Chmod(folder, 0o700) }) // so that it can be removed
	as := func(f func()) {
		if os.Getuid() == 0 {
			runtime.LockOSThread() // for ever: the thread ends with the goroutine
			require.NoError(t, unix.Setfsuid(nobody))
		}
		f()
	}
	done := make(chan struct{})
	go as(func() {
		defer close(done)
		log := use(t, dir, program(100, 1), 1)
		require.Equal(t, 1, log.count("compiled code is read and not kept"))
		require.Zero(t, log.count("compiling"))
		log = use(t, dir, program(100, 2), 2)
		require.Equal(t, 1, log.count("compiled took"))
	})
	<-done
	require.Len(t, entries(t, dir), 1)
}
