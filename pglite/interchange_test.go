package pglite_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

// peer is what testdata/peer.mjs is told.
type peer struct {
	Release string   `json:"release"`
	Dir     string   `json:"dir,omitempty"`
	Load    string   `json:"load,omitempty"`
	SQL     []string `json:"sql,omitempty"`
	Dump    string   `json:"dump,omitempty"`
	Kill    bool     `json:"kill,omitempty"`
}

// run runs PGlite under Node, and returns the first value of the last result of each script.
func (p peer) run(tb testing.TB) (values []any) {
	tb.Helper()
	if p.Release == "" {
		p.Release = "pglite-0.5"
	}
	spec, err := json.Marshal(p)
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(peers.Run(tb, script(tb, "peer.mjs"), string(spec)), &values))
	return values
}

// script returns a file of testdata.
func script(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	return string(b)
}

// scripts runs scripts in a session, and returns what [peer.run] does.
func scripts(tb testing.TB, db *pglite.DB, sqls ...string) (values []any) {
	tb.Helper()
	ctx := context.Background()
	conn, err := db.Connect(ctx)
	require.NoError(tb, err)
	defer conn.Close(ctx)
	for _, sql := range sqls {
		results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		require.NoError(tb, err)
		var v any
		if rows := results[len(results)-1].Rows; len(rows) > 0 {
			v = string(rows[0][0])
		}
		values = append(values, v)
	}
	return values
}

// checks are scripts whose values must be equal at both ends of an interchange: the sums of all there is, and that
// nothing is wrong with it.
func checks(tb testing.TB) []string {
	return []string{script(tb, "sums.sql"), script(tb, "amcheck.sql")}
}

// TestInterchange carries a database with something of everything from calf to PGlite and back, in each form that both
// understand, from memory and from a directory.
func TestInterchange(t *testing.T) {
	t.Parallel()
	needGuest(t)
	peers.Dir(t)
	for _, from := range []string{"Memory", "Directory"} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			cfg := pglite.Config{}
			if from == "Directory" {
				cfg.Dir = filepath.Join(tmp, "data")
			}
			db := open(t, cfg)
			want := append(scripts(t, db, script(t, "content.sql")), scripts(t, db, checks(t)...)...)[1:]
			require.Contains(t, want[0], "typed_1")
			require.Empty(t, want[1])
			tar, dir := dump(t, db), filepath.Join(tmp, "copy")
			require.NoError(t, db.DumpDirectory(t.Context(), dir, pglite.DumpConfig{}))
			for _, test := range []struct {
				name string
				peer peer
			}{
				{"tar", peer{Load: file(t, tmp, "calf.tar", tar), Dump: filepath.Join(tmp, "pglite.tar")}},
				{"tar.gz", peer{Load: file(t, tmp, "calf.tar.gz", compressed(t, tar)), Dump: filepath.Join(tmp, "pglite.tgz")}},
				{"directory", peer{Dir: dir}},
			} {
				test.peer.SQL = checks(t)
				require.Equal(t, want, test.peer.run(t), "calf to PGlite, %s", test.name)
				var back *pglite.DB
				if test.name == "directory" {
					back = open(t, pglite.Config{Dir: dir})
				} else {
					f, err := os.Open(test.peer.Dump)
					require.NoError(t, err)
					defer f.Close()
					back = open(t, pglite.Config{Load: f})
				}
				require.Equal(t, want, scripts(t, back, checks(t)...), "PGlite to calf, %s", test.name)
			}
		})
	}
}

func compressed(tb testing.TB, b []byte) []byte {
	tb.Helper()
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestSpeed)
	require.NoError(tb, err)
	_, err = w.Write(b)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return z.Bytes()
}

// file writes a file and returns its path.
func file(tb testing.TB, dir, name string, content []byte) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	require.NoError(tb, os.WriteFile(path, content, 0o600))
	return path
}
