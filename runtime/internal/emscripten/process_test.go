package emscripten

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEnviron(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		out := w.space(8)
		require.Zero(t, w.sys("environ_sizes_get", out, out+4))
		n, size := int(w.Load32(out)), int(w.Load32(out+4))
		require.Equal(t, 3, n)
		require.Equal(t, len("HOME=/home/postgres\x00EMPTY=\x00TZ=UTC\x00"), size)
		ptrs, buf := w.space(4*n), w.space(size)
		require.Zero(t, w.sys("environ_get", ptrs, buf))
		require.Equal(t, "HOME=/home/postgres\x00EMPTY=\x00TZ=UTC\x00", string(w.Bytes(buf, uint32(size))))
		for i, want := range w.Env {
			require.Equal(t, want, w.CString(w.Load32(ptrs+4*uint32(i))))
		}
		w.untouched(ptrs + uint32(4*n))
		w.untouched(buf + uint32(size))

		w.Env = nil
		require.Zero(t, w.sys("environ_sizes_get", out, out+4))
		require.Zero(t, w.Load64(out))
		require.Zero(t, w.sys("environ_get", ptrs, buf))
	})
}

func TestRandom(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const n = 100_000
		p := w.space(n)
		require.Zero(t, w.sys("random_get", p, n))
		counts := [256]int{}
		for _, b := range w.Bytes(p, n) {
			counts[b]++
		}
		for b, c := range counts { // 390 each, with a deviation of 20
			require.Greater(t, c, 200, "byte %d", b)
		}
		w.untouched(p + n)
		require.Zero(t, w.sys("random_get", p, 0))
	})
}

func TestUmask(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		require.EqualValues(t, 0o077, w.Umask())
		require.Equal(t, 0o077, w.sys("__syscall_umask", 0o022))
		require.Equal(t, 0o022, w.sys("__syscall_umask", 0o170777), "only permission bits count")
		require.Equal(t, 0o777, w.sys("__syscall_umask", 0))
		require.Zero(t, w.Umask())
	})
}

func TestUserIsRoot(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for _, name := range []string{"getuid32", "geteuid32", "getgid32", "getegid32"} {
			require.Zero(t, w.sys("__syscall_"+name))
		}
	})
}

func TestDynamicLoading(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		require.Zero(t, w.sys("_dlopen_js", 0x5000))
		w.kernel.load = true
		require.Equal(t, 1, w.sys("_dlopen_js", 0x6000))
		require.Equal(t, []uint32{0x5000, 0x6000}, w.kernel.loaded)

		require.Zero(t, w.sys("_dlsym_js", 0x6000, "missing", w.space(4)))
		w.kernel.symbol = 99
		require.Equal(t, 99, w.sys("_dlsym_js", 0x6000, "_PG_init", w.space(4)))
		require.Equal(t, []string{"24576 missing", "24576 _PG_init"}, w.kernel.asked)
	})
}

func TestCallSighandler(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		w.sys("__call_sighandler", slotStore, 15)
		require.EqualValues(t, 15, w.Load32(600))
		_, err := w.try("__call_sighandler", slotTrap, 15)
		require.ErrorContains(t, err, "unreachable")
		_, err = w.try("__call_sighandler", slotExit, 3)
		status, ok := ExitStatus(err)
		require.True(t, ok)
		require.Equal(t, 3, status)
		_, err = w.try("__call_sighandler", 0, 15)
		require.Error(t, err, "SIG_DFL is no function")
	})
}

func TestTempRet(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for _, v := range []int{1, 0, -1, 1 << 30} {
			w.sys("setTempRet0", v)
			require.Equal(t, v, w.sys("getTempRet0"))
		}
	})
}

func TestLibcThatIsMissing(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for name, want := range map[string]uint32{
			"getsockopt": 57, "setsockopt": 57, "getsockname": 57, "shutdown": 57,
			"mprotect": 52, "mlock": 52, "madvise": 52, "signal": 52, "tcgetattr": 59, "tcsetattr": 59,
		} {
			w.Store32(errnoAddr, 0)
			params := make([]any, len(abi[name])-len(":i"))
			for i := range params {
				params[i] = 0
			}
			require.Equal(t, -1, w.sys(name, params...), name)
			require.Equal(t, want, w.Load32(errnoAddr), name)
		}
		require.Zero(t, w.sys("gethostbyname", "localhost"))
		w.sys("setbuf", 1, 2)
		w.sys("_emscripten_runtime_keepalive_clear")
	})
}

func TestSleep(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		require.Zero(t, w.sys("sleep", 3))
		w.kernel.left = 1500 * time.Millisecond
		require.Equal(t, 2, w.sys("sleep", -1), "a signal came")
		require.Equal(t, []time.Duration{3 * time.Second, (1<<32 - 1) * time.Second}, w.kernel.sleeps)
	})
}
