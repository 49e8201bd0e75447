package emscripten

import (
	"testing"
	"time"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

func TestLegacyPipe(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		out := w.space(8)
		require.Zero(t, w.sys("__syscall_pipe", out))
		_, err := w.Files.Get(int(w.Load32(out)))
		require.NoError(t, err)
		f, err := w.Files.Get(int(w.Load32(out + 4)))
		require.NoError(t, err)
		_, err = f.Write([]byte("x"))
		require.NoError(t, err)
		w.untouched(out + 8)
	})
}

func TestSelectSleeps(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		tv := w.space(16)
		w.Store64(tv, 2)
		w.Store64(tv+8, 500_000)
		require.Zero(t, w.sys("__syscall__newselect", 0, 0, 0, 0, tv))
		require.Zero(t, w.sys("__syscall__newselect", 0, 0, 0, 0, 0))
		require.Equal(t, []time.Duration{2500 * time.Millisecond, 0}, w.kernel.sleeps)
		require.Equal(t, -int(vfs.ENOSYS), w.sys("__syscall__newselect", 1, tv, 0, 0, 0), "no files")
	})
}

func TestLegacySockets(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for _, name := range []string{"__syscall_getsockname", "__syscall_getsockopt"} {
			require.Equal(t, -int(eNotSock), w.sys(name, 3, 0, 0, 0, 0, 0))
		}
	})
}

func TestMemcpy(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		p := w.space(32)
		copy(w.Bytes(p, 8), "abcdefgh")
		w.sys("_emscripten_memcpy_js", p+2, p, 8)
		require.Equal(t, "ababcdefgh", string(w.Bytes(p, 10)))
		w.untouched(p + 32)
	})
}

func TestNoBrowserAndNoShell(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		require.Zero(t, w.sys("is_web_env"))
		require.Zero(t, w.sys("emscripten_asm_const_int", 0, 0, 0))
		require.Zero(t, w.sys("_emscripten_system", 0))
		require.Equal(t, -int(vfs.ENOSYS), w.sys("_emscripten_system", "ls"))
		_, err := w.try("emscripten_set_main_loop", 0, 0, 0)
		var abort *AbortError
		require.ErrorAs(t, err, &abort)
		_, err = w.try("emscripten_force_exit", 3)
		status, ok := ExitStatus(err)
		require.True(t, ok)
		require.Equal(t, 3, status)
	})
}
