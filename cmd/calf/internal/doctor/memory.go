package doctor

import (
	"context"
	"fmt"
	"runtime"

	calf "github.com/calfdb/calf/runtime"
)

const manyConnections = 16

// reservation is how many MiB of addresses a backend reserves.
func reservation() uint64 {
	if runtime.GOOS == "linux" {
		return 192 // its memory, which shared_buffers is most of
	}
	return 2048
}

// executableMemory tries what the compiler does with its code.
func executableMemory(context.Context) Finding {
	if supported, _ := CompilerSupported(); !supported {
		return ok("not needed by the interpreter")
	}
	if err := tryExecutable(); err != nil {
		return fail(fmt.Sprintf("memory cannot be made executable: %v", err),
			"a security policy (SELinux, a hardened kernel, a sandbox) forbids it to this program")
	}
	return ok("memory can be made executable")
}

// addressSpace tries what every connection needs.
func addressSpace(context.Context) Finding {
	limit, limited := calf.AddressSpaceLimit()
	each := reservation()
	detail := "no limit"
	if limited {
		detail = fmt.Sprintf("a limit of %d MiB", limit>>20)
	}
	hint := fmt.Sprintf("each connection reserves %d MiB of addresses, not of memory, or with a small shared_buffers less; "+
		"raise the limit (ulimit -v)", each)
	if err := tryReserve(each << 20); err != nil {
		return fail(fmt.Sprintf("%s, and %d MiB cannot be reserved: %v", detail, each, err), hint)
	}
	if err := tryReserve(manyConnections * each << 20); err != nil {
		return warn(fmt.Sprintf("%s, and %d times %d MiB cannot be reserved: %v", detail, manyConnections, each, err), hint)
	}
	return ok(detail)
}

// copiedMemory tries what makes a backend out of another.
func copiedMemory(context.Context) Finding {
	if err := calf.CopyOnWrite(); err != nil {
		return warn(err.Error(), "it is copied instead: a connection takes tens of megabytes, and a switch between two milliseconds")
	}
	return ok("memory can be mapped copy-on-write")
}
