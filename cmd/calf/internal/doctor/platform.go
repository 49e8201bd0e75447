package doctor

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sys/cpu"
)

// CompilerSupported reports whether PostgreSQL is compiled to machine code here,
// and if it is interpreted, why.
func CompilerSupported() (supported bool, reason string) {
	switch {
	case !slices.Contains([]string{"linux", "darwin", "windows", "freebsd"}, runtime.GOOS):
		return false, "the operating system is not one of linux, darwin, windows and freebsd"
	case runtime.GOARCH == "arm64":
		return true, ""
	case runtime.GOARCH != "amd64":
		return false, "the processor is neither amd64 nor arm64"
	case !cpu.X86.HasSSE41:
		return false, "the processor has no SSE 4.1"
	}
	return true, ""
}

func platform(context.Context) Finding {
	name := fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if supported, reason := CompilerSupported(); !supported {
		return warn(name+": PostgreSQL is interpreted, because "+reason, "expect it to be tens of times slower")
	}
	return ok(name + ": PostgreSQL is compiled")
}
