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
	text, err := settingText(g, name)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", name, err)
	}
	return v, nil
}

// settingText returns what a process has for a parameter, without a unit. The
// caller has the turn of g's process.
func settingText(g *emscripten.Guest, name string) (string, error) {
	const missingOK, restrictPrivileged = 0, 0
	p, err := g.Call("GetConfigOption", uint64(g.NewString(name)), missingOK, restrictPrivileged)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	return g.CString(uint32(p)), nil
}

// configure reads the parameters that the host itself obeys. The caller has the
// postmaster's turn.
func (pm *postmaster) configure() error {
	g := pm.proc.guest
	var v [4]float64
	for i, name := range []string{"authentication_timeout", "max_connections", "superuser_reserved_connections", "reserved_connections"} {
		var err error
		if v[i], err = setting(g, name); err != nil {
			return err
		}
	}
	pm.c.authentication.Store(int64(v[0] * float64(time.Second)))
	pm.c.maxSessions.Store(int32(v[1] - v[2] - v[3]))
	pm.procMu.Lock()
	pm.maxConnections = int(v[1])
	pm.procMu.Unlock()
	if err := pm.wal.configure(g); err != nil {
		return err
	}
	pm.discardOldWAL()
	return nil
}

// AuthenticationTimeout returns PostgreSQL's authentication_timeout, as of the
// latest start or reload.
func (c *Cluster) AuthenticationTimeout() time.Duration {
	return time.Duration(c.authentication.Load())
}

// MaxSessions returns how many sessions there can be at once of roles that have
// no connections reserved for them: max_connections less
// superuser_reserved_connections and reserved_connections.
func (c *Cluster) MaxSessions() int { return int(c.maxSessions.Load()) }
