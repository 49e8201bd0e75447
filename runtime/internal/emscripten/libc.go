package emscripten

import (
	"time"

	"github.com/calfdb/calf/runtime/vfs"
)

// Functions of the C library that the guest's program does not contain but
// that libraries import: OpenSSL's, in pgcrypto. Each answers as on a system
// that lacks the feature.

const eNotSock vfs.Errno = 57

func init() {
	define("sleep", func(g *Guest, a args) {
		left := g.Kernel.Sleep(time.Duration(a.u32(0)) * time.Second)
		a.set(uint32((left + time.Second - 1) / time.Second))
	})
	for name, errno := range map[string]vfs.Errno{
		"getsockopt":  eNotSock,
		"setsockopt":  eNotSock,
		"getsockname": eNotSock,
		"shutdown":    eNotSock,
		"mprotect":    vfs.ENOSYS,
		"mlock":       vfs.ENOSYS,
		"madvise":     vfs.ENOSYS,
		"tcgetattr":   vfs.ENOTTY,
		"tcsetattr":   vfs.ENOTTY,
		"signal":      vfs.ENOSYS, // the result, SIG_ERR, is -1 too
	} {
		define(name, func(g *Guest, a args) {
			g.SetErrno(errno)
			a.set(^uint32(0))
		})
	}
	define("gethostbyname", func(g *Guest, a args) { a.set(0) })
	// The buffering of a stream is not observable here.
	define("setbuf", func(*Guest, args) {})
}
