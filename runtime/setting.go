package runtime

import (
	"fmt"
	"strconv"
	"time"

	"github.com/calfdb/calf/runtime/internal/emscripten"
)

// setting returns what a process has for a parameter that is a number, in the
// parameter's own unit. The caller has the turn of g's process.
func setting(g *emscripten.Guest, name string) (float64, error) {
	p, err := g.Call("GetConfigOption", uint64(g.NewString(name)), 0, 0)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(g.CString(uint32(p)), 64)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", name, err)
	}
	return v, nil
}

// configure reads the parameters that the host itself obeys. The caller has the
// postmaster's turn.
func (pm *postmaster) configure() error {
	g := pm.proc.guest
	timeout, err := setting(g, "authentication_timeout")
	if err != nil {
		return err
	}
	pm.c.authentication.Store(int64(timeout * float64(time.Second)))
	connections, err := setting(g, "max_connections")
	if err != nil {
		return err
	}
	pm.procMu.Lock()
	pm.maxConnections = int(connections)
	pm.procMu.Unlock()
	return pm.wal.configure(g)
}

// AuthenticationTimeout returns PostgreSQL's authentication_timeout, as of the
// latest start or reload.
func (c *Cluster) AuthenticationTimeout() time.Duration {
	return time.Duration(c.authentication.Load())
}
