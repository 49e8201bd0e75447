package numbers

import (
	_ "embed"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/internal/peers"
)

//go:embed pglite.mjs
var script string

// BenchmarkPGlite is what the other benchmarks measure, done by PGlite in Node with its own interface. Node measures, and is
// not measured. PGlite waits for no disk.
func BenchmarkPGlite(b *testing.B) {
	node := peers.Start(b, script, b.TempDir())
	require.Equal(b, "ready", node.Line())
	for _, name := range []string{
		"Open/new/memory", "Open/new/directory", "Open/existing/directory", "Select/memory", "Select/directory",
		"InsertTemp/memory", "InsertTemp/directory", "Insert/memory", "Insert/directory", "Sum/memory", "Sum/directory",
		"Sort/memory", "Sort/directory", "Copy/memory", "Copy/directory",
	} {
		b.Run(name, func(b *testing.B) {
			_, err := fmt.Fprintf(node.Stdin, "%s %d\n", name, b.N)
			require.NoError(b, err)
			ns, err := strconv.ParseInt(node.Line(), 10, 64)
			require.NoError(b, err)
			b.ReportMetric(float64(ns)/float64(b.N), "ns/op")
		})
	}
}
