package peers_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/internal/peers"
)

// TestReleases opens a data directory with each release and asks which PostgreSQL it is.
func TestReleases(t *testing.T) {
	for name, version := range map[string]string{"pglite-0.2": "16.4", "pglite-0.3": "17.5", "pglite-0.4": "17.5", "pglite-0.5": "18.6"} {
		t.Run(name, func(t *testing.T) {
			got := peers.Run(t, `
				const { PGlite } = await import(process.argv[2])
				const db = await PGlite.create("file://" + process.argv[3])
				const { rows } = await db.query("SHOW server_version")
				await db.close()
				console.log(rows[0].server_version)`, name, t.TempDir()+"/data")
			require.Equal(t, version, strings.TrimSpace(string(got)))
		})
	}
}
