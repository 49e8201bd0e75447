package dbtest

import (
	"encoding/json"
	"testing"

	"github.com/calfdb/calf/internal/peers"
	"github.com/stretchr/testify/require"
)

// A Peer is PGlite under Node: it is what testdata/peer.mjs is told.
type Peer struct {
	Release string   `json:"release"`
	Dir     string   `json:"dir,omitempty"`
	Load    string   `json:"load,omitempty"`
	Preload string   `json:"preload,omitempty"`
	SQL     []string `json:"sql,omitempty"`
	Dump    string   `json:"dump,omitempty"`
	Kill    bool     `json:"kill,omitempty"`
}

// Run runs PGlite under Node, and returns the first value of the last result of each script.
func (p Peer) Run(tb testing.TB) (values []any) {
	tb.Helper()
	if p.Release == "" {
		p.Release = "pglite-0.5"
	}
	spec, err := json.Marshal(p)
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(peers.Run(tb, TestFile(tb, "peer.mjs"), string(spec)), &values))
	return values
}
