package emscripten

import (
	"slices"
	"strings"
	"testing"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

// ptr is a parameter that points to as many bytes as the host reads or writes,
// text one that points to a string, array one to so many buffers of 4 bytes.
type (
	ptr   int
	text  string
	array int
)

// pointers has a call of every function that follows pointers, with parameters
// for which it succeeds.
var pointers = map[string][][]any{
	"__syscall_openat":      {{cwd, text("/tmp/x"), vfs.O_CREAT, ptr(4)}, {cwd, text("/tmp/x"), vfs.O_RDONLY, 0}},
	"fd_read":               {{3, array(1), 1, ptr(4)}},
	"fd_write":              {{3, array(1), 1, ptr(4)}},
	"fd_pread":              {{3, array(1), 1, int64(0), ptr(4)}},
	"fd_pwrite":             {{3, array(1), 1, int64(0), ptr(4)}},
	"fd_seek":               {{3, int64(0), 0, ptr(8)}},
	"fd_fdstat_get":         {{3, ptr(24)}},
	"__syscall_pipe2":       {{ptr(8), 0}},
	"__syscall_pipe":        {{ptr(8)}},
	"__syscall__newselect":  {{0, 0, 0, 0, ptr(12)}},
	"_emscripten_memcpy_js": {{ptr(4), ptr(4), 4}},
	"__syscall_fcntl64":     {{3, fDupFD, ptr(4)}, {3, fSetFL, ptr(4)}, {3, fGetLk, ptr(4)}},
	"__syscall_poll":        {{ptr(16), 2, 0}},
	"__syscall_stat64":      {{text("/tmp/x"), ptr(96)}},
	"__syscall_lstat64":     {{text("/tmp/x"), ptr(96)}},
	"__syscall_fstat64":     {{3, ptr(96)}},
	"__syscall_newfstatat":  {{cwd, text("/tmp/x"), ptr(96), 0}},
	"__syscall_statfs64":    {{text("/tmp/x"), 72, ptr(72)}},
	"__syscall_faccessat":   {{cwd, text("/tmp/x"), 0, 0}},
	"__syscall_mkdirat":     {{cwd, text("/tmp/d"), 0}},
	"__syscall_unlinkat":    {{cwd, text("/tmp/y"), 0}},
	"__syscall_rmdir":       {{text("/tmp/empty")}},
	"__syscall_renameat":    {{cwd, text("/tmp/x"), cwd, text("/tmp/x")}},
	"__syscall_linkat":      {{cwd, text("/tmp/x"), cwd, text("/tmp/z"), 0}},
	"__syscall_symlinkat":   {{text("x"), cwd, text("/tmp/s")}},
	"__syscall_readlinkat":  {{cwd, text("/tmp/link"), ptr(8), 8}},
	"__syscall_truncate64":  {{text("/tmp/x"), int64(9)}},
	"__syscall_chmod":       {{text("/tmp/x"), 0o600}},
	"__syscall_fchmodat2":   {{cwd, text("/tmp/x"), 0o600, 0}},
	"__syscall_fchownat":    {{cwd, text("/tmp/x"), 0, 0, 0}},
	"__syscall_utimensat":   {{cwd, text("/tmp/x"), ptr(32), 0}},
	"__syscall_chdir":       {{text("/tmp")}},
	"__syscall_getcwd":      {{ptr(2), 100}},
	"__syscall_getdents64":  {{4, ptr(280), 280}},
	"_mmap_js":              {{100, 3, 1, 3, int64(0), ptr(4), ptr(4)}},
	"clock_time_get":        {{0, int64(0), ptr(8)}, {1, int64(0), ptr(8)}},
	"_tzset_js":             {{ptr(4), ptr(4), ptr(4), ptr(4)}},
	"_gmtime_js":            {{int64(0), ptr(40)}},
	"_localtime_js":         {{int64(0), ptr(40)}},
	"_mktime_js":            {{ptr(40)}},
	"getaddrinfo":           {{text("::1"), text("1"), 0, ptr(4)}, {text("::1"), 0, ptr(16), ptr(4)}},
	"getnameinfo":           {{ptr(2), 28, ptr(3), 100, ptr(1), 100, 0}},
	"environ_sizes_get":     {{ptr(4), ptr(4)}},
	"environ_get":           {{ptr(12), ptr(30)}},
	"random_get":            {{ptr(100), 100}},
	"_dlsym_js":             {{0, text("symbol"), 0}},
	"__assert_fail":         {{text("a"), text("b"), 1, text("c")}},
}

// prepare makes what the calls in pointers need, and so much memory that none
// of them grows it.
func (w *world) prepare() {
	require.Equal(w.t, 1, w.sys("emscripten_resize_heap", 64<<20))
	require.Equal(w.t, 3, w.newFile("/tmp/x", "0123456789"))
	require.Equal(w.t, 4, w.open("/tmp", vfs.O_RDONLY))
	require.NoError(w.t, w.FS.WriteFile("/tmp/y", nil, 0o600))
	require.NoError(w.t, w.FS.MkdirAll("/tmp/empty", 0o700))
	require.NoError(w.t, w.FS.Symlink("x", "/tmp/link"))
}

func (w *world) rewind() {
	for _, fd := range []int{3, 4} {
		f, err := w.Files.Get(fd)
		require.NoError(w.t, err)
		_, err = f.Seek(0, vfs.SEEK_SET)
		require.NoError(w.t, err)
	}
}

// good returns parameters that are all right. The files are at their start,
// and addresses are of a family.
func (w *world) good(params []any) []any {
	w.rewind()
	good := append([]any{}, params...)
	for i, p := range params {
		switch p := p.(type) {
		case text:
			good[i] = w.NewString(string(p))
		case ptr:
			at := w.space(max(int(p), 128))
			clear(w.Bytes(at, 128))
			if p == 2 {
				w.Store32(at, afInet6)
			}
			good[i] = at
		case array:
			good[i] = w.words(w.space(4), 4)
		}
	}
	return good
}

func TestBadPointersEndTheCall(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		w.prepare()
		for name, calls := range pointers {
			for _, params := range calls {
				if name != "__assert_fail" {
					_, err := w.try(name, w.good(params)...)
					require.NoError(t, err, name)
				}
				for i, p := range params {
					for _, addr := range w.badAddresses(p) {
						bad := w.good(params)
						bad[i] = addr
						_, err := w.try(name, bad...)
						require.Errorf(t, err, "%s%v with %#x", name, params, addr)
						_, exited := ExitStatus(err)
						require.False(t, exited)
					}
				}
			}
		}
		r, err := w.Call("add", 1, 2)
		require.NoError(t, err, "the Go program and the instance live on")
		require.EqualValues(t, 3, r)
	})
}

// badAddresses are places at the end of memory and behind it where p does not
// fit.
func (w *world) badAddresses(p any) []uint32 {
	end := uint32(len(w.Mem.Bytes()))
	w.Bytes(end-1, 1)[0] = 'x' // no string ends there
	switch p := p.(type) {
	case text:
		return []uint32{end - 1, end, end + 1, 1 << 31, 1<<32 - 1}
	case array:
		return w.badAddresses(ptr(8 * p))
	case ptr:
		return []uint32{end - uint32(p) + 1, end, end + 1, 1 << 31, 1<<32 - 2, -uint32(p)}
	}
	return nil
}

func TestBadPointersInBuffersEndTheCall(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		w.prepare()
		end := uint32(len(w.Mem.Bytes()))
		for _, buffer := range [][2]uint32{{end - 1, 2}, {end, 1}, {0, end + 1}, {1 << 31, 1}, {1<<32 - 1, 2}, {8, 1<<32 - 8}, {8, 1<<32 - 1}} {
			iov := w.words(w.space(4), 4, buffer[0], buffer[1])
			for name, params := range map[string][]any{
				"fd_read": {3, iov, 2, w.space(4)}, "fd_write": {3, iov, 2, w.space(4)},
				"fd_pread": {3, iov, 2, int64(0), w.space(4)}, "fd_pwrite": {3, iov, 2, int64(0), w.space(4)},
			} {
				w.rewind()
				_, err := w.try(name, params...)
				require.Errorf(t, err, "%s into %#x", name, buffer)
			}
		}
		// Arrays that end behind memory.
		clear(w.Bytes(end-80, 80))
		_, err := w.try("fd_read", 3, end-80, 11, w.space(4))
		require.Error(t, err)
		_, err = w.try("__syscall_poll", end-80, 11, 0)
		require.Error(t, err)
		_, err = w.try("random_get", 8, -8)
		require.Error(t, err)
		w.rewind()
		_, err = w.try("__syscall_getdents64", 4, end-280, 560)
		require.Error(t, err)
		_, err = w.try("__syscall_readlinkat", cwd, "/tmp/link", end-4, 8)
		require.Error(t, err)
	})
}

func TestEveryPointerIsTried(t *testing.T) {
	t.Parallel()
	// These follow no pointer, or call a function of the guest that does.
	none := strings.Fields(`
		fd_close fd_sync __syscall_fdatasync __syscall_dup __syscall_dup3 __syscall_ioctl __syscall_ftruncate64
		__syscall_fallocate __syscall_fadvise64 __syscall_fchmod __syscall_fchown32 emscripten_get_heap_max
		emscripten_resize_heap _munmap_js emscripten_date_now emscripten_get_now _setitimer_js
		__syscall_accept4 __syscall_bind __syscall_connect __syscall_listen __syscall_recvfrom __syscall_sendto __syscall_socket
		__syscall_umask __syscall_getuid32 __syscall_geteuid32 __syscall_getgid32 __syscall_getegid32
		_dlopen_js __call_sighandler setTempRet0 getTempRet0 exit proc_exit _abort_js _emscripten_runtime_keepalive_clear
		sleep getsockopt setsockopt getsockname shutdown mprotect mlock madvise tcgetattr tcsetattr signal gethostbyname setbuf
		__syscall_getsockname __syscall_getsockopt _emscripten_system emscripten_force_exit is_web_env emscripten_asm_const_int emscripten_set_main_loop
		_emscripten_throw_longjmp`)
	for name := range functions {
		_, tried := pointers[name]
		require.NotEqual(t, tried, slices.Contains(none, name), name)
	}
}
