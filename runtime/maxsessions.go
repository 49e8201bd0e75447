package runtime

import "github.com/calfdb/calf/runtime/internal/emscripten"

// MaxSessions returns how many sessions there can be at once of roles that have
// no connections reserved for them: max_connections less
// superuser_reserved_connections and reserved_connections.
func (c *Cluster) MaxSessions() int { return int(c.maxSessions.Load()) }

// countSessions reads from a postmaster what MaxSessions returns.
func countSessions(g *emscripten.Guest) (int, error) {
	n := 0.
	for name, sign := range map[string]float64{
		"max_connections": 1, "superuser_reserved_connections": -1, "reserved_connections": -1,
	} {
		v, err := option(g, name)
		if err != nil {
			return 0, err
		}
		n += sign * v
	}
	return int(n), nil
}
