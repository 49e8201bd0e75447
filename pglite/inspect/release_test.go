package inspect_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/pglite/inspect"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is found to the golden files in testdata")

//go:embed testdata/make.mjs
var makeScript string

// said is what a release said of its database in SQL.
type said struct {
	Relations []struct {
		OID, Filenode                   uint32
		Schema, Name, Kind, Persistence string
		Of                              *string
		Partition                       bool
		Pages                           int64
		RelTuples                       float64
	}
	Counts     map[uint32]int64
	Database   string
	Databases  []inspect.Database
	Extensions []inspect.Extension
	Roles      []inspect.Role
	Columns    []struct {
		Relation uint32
		Name     string
		Length   int
		Align    string
	}
	System struct {
		SystemIdentifier uint64 `json:"system_identifier,string"`
		Control          uint32 `json:"pg_control_version"`
		Catalog          uint32 `json:"catalog_version_no"`
	}
	WAL struct{ Written, Inserted string }
}

// TestInspectReleases makes a directory with each release of PGlite, and compares what Inspect finds in it, in a dump of
// it while it was open, and in a compressed one, with what the release said.
func TestInspectReleases(t *testing.T) {
	t.Parallel()
	for release, openedBy := range map[string][]string{
		"pglite-0.2": {"PGlite 0.2"},
		"pglite-0.3": {"PGlite 0.3", "PGlite 0.4"},
		"pglite-0.4": {"PGlite 0.3", "PGlite 0.4"},
		"pglite-0.5": {"PGlite 0.5", "calf"},
	} {
		t.Run(release, func(t *testing.T) {
			peers.Dir(t)
			dir := filepath.Join(t.TempDir(), "data")
			sql, err := filepath.Abs("testdata/make.sql")
			require.NoError(t, err)
			var want said
			require.NoError(t, json.Unmarshal(peers.Run(t, makeScript, release, sql, dir), &want))
			compareLayouts(t, want)
			for _, ext := range []string{"", ".tar", ".tar.gz"} {
				t.Run("data"+ext, func(t *testing.T) {
					info, err := inspect.Path(context.Background(), dir+ext, inspect.Options{Verify: true, System: true})
					require.NoError(t, err)
					require.Empty(t, info.Problems)
					require.Equal(t, inspect.PGlite, info.Kind)
					require.Equal(t, openedBy, info.OpenedBy)
					require.Equal(t, ext == "", info.Clean)
					require.Equal(t, ext != "", info.Recovers)
					require.False(t, info.Stale)
					compareInfo(t, want, info)
					compareWAL(t, want, info)

					info, err = inspect.Path(context.Background(), dir+ext, inspect.Options{})
					require.NoError(t, err)
					if file := filepath.Join("testdata", release+ext+".json"); ext == "" || release+ext == "pglite-0.5.tar.gz" {
						golden(t, file, info)
					}
				})
			}
		})
	}
}

// compareWAL checks that the log was followed to its end. A shutdown writes its checkpoint where the next record would go.
func compareWAL(t *testing.T, want said, info *inspect.Info) {
	require.True(t, info.WAL.RedoPresent)
	require.True(t, info.WAL.CheckpointPresent)
	if info.Clean {
		require.Equal(t, want.WAL.Inserted, info.WAL.Redo)
		require.Zero(t, info.WAL.Replay)
	} else {
		require.Equal(t, want.WAL.Written, info.WAL.End)
		require.NotZero(t, info.WAL.Commits)
		require.NotNil(t, info.WAL.LastCommit)
	}
}

var kindNames = map[string]string{
	"r": "table", "i": "index", "S": "sequence", "t": "toast table", "v": "view", "m": "materialized view",
	"c": "composite type", "f": "foreign table", "p": "partitioned table", "I": "partitioned index",
}

func compareInfo(t *testing.T, want said, info *inspect.Info) {
	c := info.Control
	require.Equal(t, want.System.SystemIdentifier, c.SystemIdentifier)
	require.Equal(t, want.System.Control, c.Version)
	require.Equal(t, want.System.Catalog, c.CatalogVersion)
	require.True(t, c.CRCValid)
	require.EqualValues(t, 8, c.MaxAlign)
	require.False(t, c.Float8ByVal)
	require.ElementsMatch(t, want.Roles, info.Roles)

	var found inspect.Database
	var databases []inspect.Database
	for _, db := range info.Databases {
		if db.Name == want.Database {
			found = db
		}
		databases = append(databases, inspect.Database{
			OID: db.OID, Name: db.Name, Owner: db.Owner, Encoding: db.Encoding, Collate: db.Collate, CType: db.CType,
			Template: db.Template, AllowConn: db.AllowConn,
		})
	}
	require.Equal(t, want.Databases, databases)
	require.Equal(t, want.Extensions, found.Extensions)
	compareRelations(t, want, found, info.Clean)
}

func compareRelations(t *testing.T, want said, found inspect.Database, clean bool) {
	relations := map[uint32]inspect.Relation{}
	for _, r := range found.Relations {
		relations[r.OID] = r
	}
	require.Len(t, relations, len(want.Relations))
	for _, w := range want.Relations {
		r, ok := relations[w.OID]
		require.True(t, ok, w.Name)
		require.Equal(t, w.Name, r.Name)
		require.Equal(t, w.Schema, r.Schema, w.Name)
		require.Equal(t, kindNames[w.Kind], r.Kind, w.Name)
		require.Equal(t, w.Filenode, r.Filenode, w.Name)
		require.Equal(t, w.Pages, r.Pages, w.Name)
		require.Equal(t, w.Partition, r.Partition, w.Name)
		require.Equal(t, w.RelTuples, r.CatalogTuples, w.Name)
		require.Equal(t, map[string]string{"p": "permanent", "u": "unlogged", "t": "temporary"}[w.Persistence], r.Persistence, w.Name)
		require.Equal(t, w.Of != nil, r.Of != "", w.Name)
		n, counted := want.Counts[w.OID]
		require.Equal(t, counted, r.Tuples != nil, w.Name)
		if counted {
			require.True(t, r.Tuples.Exact, w.Name)
			require.Zero(t, r.Tuples.Uncertain, w.Name)
			if r.Persistence == "unlogged" && !clean {
				n = 0 // recovery empties it
			}
			require.Equal(t, n, r.Tuples.Live, w.Name)
		}
	}
	require.Empty(t, found.Unclaimed)
}

// compareLayouts compares what package pgdata knows of catalogs with what pg_attribute says.
func compareLayouts(t *testing.T, want said) {
	major := map[uint32]int{1300: 16, 1700: 17, 1800: 18}[want.System.Control]
	c := pgdata.CatalogsOf(major)
	aligns := map[string]int{"c": 1, "s": 2, "i": 4, "d": 8}
	for oid, layout := range map[uint32]*pgdata.Layout{
		pgdata.ClassRelation: c.Class, pgdata.DatabaseRelation: c.Database, pgdata.AuthIDRelation: c.AuthID,
		pgdata.TablespaceRelation: c.Tablespace, pgdata.NamespaceRelation: c.Namespace,
		pgdata.ExtensionRelation: c.Extension, pgdata.IndexRelation: c.Index,
	} {
		names, lengths, alignments, natts := layout.Columns()
		n := 0
		for _, col := range want.Columns {
			if col.Relation != oid {
				continue
			}
			if n < len(names) {
				require.Equal(t, col.Name, names[n])
				require.Equal(t, col.Length, lengths[n], col.Name)
				require.Equal(t, aligns[col.Align], alignments[n], col.Name)
			}
			n++
		}
		require.Equal(t, n, natts, "columns of %d", oid)
	}
}

// golden compares what Inspect found with a file, but for what differs from run to run.
func golden(t *testing.T, file string, info *inspect.Info) {
	t.Helper()
	info.Path, info.Size = "", 0
	c := info.Control
	c.SystemIdentifier = 0
	c.Modified, c.Checkpoint.Time = time.Time{}, time.Time{}
	c.Checkpoint.Location, c.Checkpoint.Redo = "", ""
	w := info.WAL
	w.Redo, w.End, w.Replay, w.Records, w.LastCommit = "", "", 0, 0, nil
	for n := range info.Leftovers {
		info.Leftovers[n].Meaning = "" // it has a time
	}
	got, err := json.MarshalIndent(info, "", "  ")
	require.NoError(t, err)
	got = append(got, '\n')
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}
