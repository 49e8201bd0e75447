package doctor

import (
	"context"
	"fmt"

	calf "github.com/calfdb/calf/runtime"
)

const (
	reservation     = 2 << 30 // of one backend
	manyConnections = 16
)

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
	limit, limited := addressSpaceLimit()
	detail := "no limit"
	if limited {
		detail = fmt.Sprintf("a limit of %d MiB", limit>>20)
	}
	const hint = "each connection reserves 2 GiB of addresses, not of memory; raise the limit (ulimit -v)"
	if err := tryReserve(reservation); err != nil {
		return fail(fmt.Sprintf("%s, and 2 GiB cannot be reserved: %v", detail, err), hint)
	}
	if err := tryReserve(manyConnections * reservation); err != nil {
		return warn(fmt.Sprintf("%s, and %d times 2 GiB cannot be reserved: %v", detail, manyConnections, err), hint)
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
