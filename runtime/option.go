package runtime

import (
	"fmt"
	"strconv"

	"github.com/calfdb/calf/runtime/internal/emscripten"
)

// option returns the value of a configuration parameter that is a number, in
// the parameter's own unit. The caller has the turn of g's process.
func option(g *emscripten.Guest, name string) (float64, error) {
	const missingOK, restrictPrivileged = 0, 0
	at, err := g.Call("GetConfigOption", uint64(g.NewString(name)), missingOK, restrictPrivileged)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", name, err)
	}
	v, err := strconv.ParseFloat(g.CString(uint32(at)), 64)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", name, err)
	}
	return v, nil
}
