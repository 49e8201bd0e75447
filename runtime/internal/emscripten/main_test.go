package emscripten

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain fails if all tests ran and yet no test called some host function.
func TestMain(m *testing.M) {
	code := m.Run()
	_, all := called.Load("fd_read") // a platform may not be able to run any guest
	all = all && !testing.Short()
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz", "test.bench"} {
		all = all && flag.Lookup(name).Value.String() == ""
	}
	if code == 0 && all {
		for _, name := range slices.Sorted(maps.Keys(functions)) {
			if _, ok := called.Load(name); !ok {
				fmt.Println("FAIL: no test called", name)
				code = 1
			}
		}
	}
	os.Exit(code)
}

func TestEveryFunctionHasAType(t *testing.T) {
	t.Parallel()
	for name := range functions {
		require.Contains(t, abi, name)
	}
	for name := range abi {
		require.True(t, functions[name] != nil || strings.HasPrefix(name, "invoke_"), name)
	}
}
