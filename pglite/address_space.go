package pglite

import (
	"fmt"

	"github.com/calfdb/calf/runtime"
)

// Every process of a database maps all of PostgreSQL's shared memory. Where
// addresses are limited (ulimit -v), shared_buffers is a 1024th of the limit, so
// that about a hundred processes, those of ten databases with a few connections
// each, take a tenth of the limit for it.
const (
	addressShare = 1024
	minBuffers   = 4 * mib
	maxBuffers   = 128 * mib // what initdb sets
)

// addressSettings returns the parameters where addresses are limited, unless
// somebody has set them.
func addressSettings(e explicit) map[string]string {
	limit, limited := runtime.AddressSpaceLimit()
	buffers := max(limit/addressShare, minBuffers)
	if !limited || buffers >= maxBuffers {
		return nil
	}
	s := map[string]string{}
	if !e.has("shared_buffers") {
		s["shared_buffers"] = fmt.Sprintf("%dMB", buffers/mib)
	}
	if !e.has("min_dynamic_shared_memory") {
		s["min_dynamic_shared_memory"] = "0"
	}
	return s
}
