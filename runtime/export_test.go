package runtime

import (
	"context"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/internal/linmem"
)

// SharedRanges finds again what the processes of a cluster share, after f has
// been given the postmaster's memory, and a way to allocate from its heap.
func (c *Cluster) SharedRanges(f func(memory func() []byte, malloc func(n int) uint32)) (ranges []linmem.Range, err error) {
	c.mu.Lock()
	pm := c.pm
	c.mu.Unlock()
	err = pm.locked(func() error {
		f(pm.proc.guest.Mem.Bytes, pm.proc.guest.Malloc)
		ranges, err = pm.sharedRanges()
		return err
	})
	return ranges, err
}

// EncodingName is the name that a tool gets for the number of an encoding.
func EncodingName(n int) string { return encodingName(n) }

// LoadUndefended is Load of a PostgreSQL that wazero compiles wrongly.
func LoadUndefended(ctx context.Context, cfg Config) (*Module, error) {
	return load(ctx, cfg, func(set *assets.Set) (*link.Linked, error) {
		artifact, err := set.ReadFile("pglite.wasm")
		if err != nil {
			return nil, err
		}
		return link.Undefended(artifact)
	})
}
