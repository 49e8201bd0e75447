package runtime

import (
	"fmt"
	"strings"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/tetratelabs/wazero/api"
)

// Capabilities are what the machine that a cluster runs on can do for it. They
// are a matter of time and memory: without them a cluster does the same.
type Capabilities struct {
	// CopyOnWrite says that the processes of the cluster map the memory that
	// they have in common. Where a system cannot do that, each process has a
	// copy of its own: a connection takes tens of megabytes and milliseconds
	// more, and to switch from one process to another takes milliseconds, as
	// all shared memory is copied. A single busy connection hardly notices.
	// shared_buffers is 8MB there, if the configuration does not set it.
	CopyOnWrite bool
	// Compiler says that PostgreSQL is compiled to machine code. Otherwise it
	// is interpreted, which takes tens of times as long.
	Compiler bool
}

// Capabilities returns what the machine can do for the cluster.
func (c *Cluster) Capabilities() Capabilities {
	return Capabilities{CopyOnWrite: !c.copies(), Compiler: c.compiled.Load()}
}

// CopyOnWrite returns nil if processes can share memory on this system by
// mapping it, and an error that says why not otherwise.
func CopyOnWrite() error { return linmem.CopyOnWrite() }

// compiled reports whether wazero has made machine code of a function. It
// decides by itself, by processor, operating system and whether memory can be
// made executable, and does not tell; but the functions of its compiler have
// types of their own.
func compiled(f api.Function) bool { return strings.HasPrefix(fmt.Sprintf("%T", f), "*wazevo.") }
