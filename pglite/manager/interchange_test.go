package manager_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/manager"
	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/calfdb/calf/schema"
	"github.com/stretchr/testify/require"
)

func script(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	return string(b)
}

// migrated is what database.build's runner makes of a set of migrations: the
// same tables, and no checksums.
func migrated(set *schema.Set) []string {
	sql := []string{`CREATE SCHEMA meta; CREATE TABLE meta.migrations (version text PRIMARY KEY, name text, applied_at timestamptz NOT NULL DEFAULT now())`}
	for _, m := range set.Migrations() {
		sql = append(sql, m.Up, "INSERT INTO meta.migrations (version, name) VALUES ('"+m.Version+"', '"+m.Name+"')")
	}
	return sql
}

// databaseBuild makes an export as database.build does, with a release of PGlite.
func databaseBuild(tb testing.TB, release string) []byte {
	tb.Helper()
	dir := tb.TempDir()
	planets := append(migrated(schema.Embeddings()),
		"CREATE TABLE planet AS SELECT * FROM (VALUES ('Mars'), ('Venus')) v(name)",
		"INSERT INTO meta.embeddings (content, embedding) VALUES ('red', array_fill(0.25, array[384])::vector)")
	spec, err := json.Marshal(map[string]any{
		"meta": append(migrated(schema.Meta()), `
			INSERT INTO databases (id, name, created_at, is_hidden) VALUES
				('vn0sdrrknx0m4sar', 'Planets', '2024-09-01 10:00:00.123+00', false),
				('V1StGXR8_Z5jdHi6B-myT', NULL, '2024-09-01 11:00:00.123+00', false),
				('hiddenhiddenhidd', NULL, '2024-09-01 12:00:00.123+00', true);
			INSERT INTO messages (id, database_id, created_at, content, role, tool_invocations, api_url, model) VALUES
				('a', 'vn0sdrrknx0m4sar', '2024-09-01 10:00:01.123+00', 'Planets, please', 'user', NULL, NULL, NULL),
				('b', 'vn0sdrrknx0m4sar', '2024-09-01 10:00:02.123+00', '', 'assistant', '[{"toolName": "executeSql"}]', 'https://example.com', 'gpt')`),
		"dbs": map[string][]string{"vn0sdrrknx0m4sar": planets, "V1StGXR8_Z5jdHi6B-myT": planets},
	})
	require.NoError(tb, err)
	peers.Run(tb, script(tb, "build.mjs"), release, dir, string(spec))
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(tb, err)
		return string(b)
	}
	return pack(tb,
		part{name: "meta.tar.gz", body: read("meta.tar.gz")},
		part{name: "/dbs", kind: tar.TypeDir},
		part{name: "/dbs/vn0sdrrknx0m4sar.tar.gz", body: read("vn0sdrrknx0m4sar.tar.gz")},
		part{name: "/dbs/V1StGXR8_Z5jdHi6B-myT.tar.gz", body: read("V1StGXR8_Z5jdHi6B-myT.tar.gz")},
		part{name: "/files", kind: tar.TypeDir},
		part{name: "/files/f1", kind: tar.TypeDir},
		part{name: "/files/f1/planets.csv", body: "name\nMars\n"})
}

func requireImported(t *testing.T, m *manager.Manager, report *manager.ImportReport) {
	t.Helper()
	ctx := t.Context()
	require.Empty(t, report.Failed)
	require.Empty(t, report.Older)
	require.Equal(t, []string{"hiddenhiddenhidd"}, report.Empty)
	got, err := m.ExportRecords(ctx)
	require.NoError(t, err)
	at := func(hour, second int) time.Time { return time.Date(2024, 9, 1, hour, 0, second, 123e6, time.UTC) }
	require.Equal(t, manager.Records{
		Databases: []manager.Database{
			{ID: "vn0sdrrknx0m4sar", Name: "Planets", CreatedAt: at(10, 0)},
			{ID: "V1StGXR8_Z5jdHi6B-myT", CreatedAt: at(11, 0)},
			{ID: "hiddenhiddenhidd", CreatedAt: at(12, 0), Hidden: true},
		},
		Messages: []manager.Message{
			{ID: "a", DatabaseID: "vn0sdrrknx0m4sar", Role: manager.User, Content: "Planets, please", CreatedAt: at(10, 1)},
			{ID: "b", DatabaseID: "vn0sdrrknx0m4sar", Role: manager.Assistant, ToolInvocations: json.RawMessage(`[{"toolName": "executeSql"}]`),
				CreatedAt: at(10, 2), APIURL: "https://example.com", Model: "gpt"},
		},
	}, got)
	for _, id := range []string{"vn0sdrrknx0m4sar", "V1StGXR8_Z5jdHi6B-myT"} {
		require.Equal(t, "Mars,Venus", value[string](t, m, id, "SELECT string_agg(name, ',' ORDER BY name) FROM planet"))
		require.Equal(t, "red", value[string](t, m, id, "SELECT content FROM meta.embeddings WHERE embedding <-> array_fill(0.25, array[384])::vector = 0"))
	}
	list, err := m.Files(ctx)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "planets.csv", list[0].Name)
}

// What database.build exports is imported, and what calf exports is read by
// PGlite as database.build does it.
func TestInterchange(t *testing.T) {
	t.Parallel()
	dbtest.NeedGuest(t)
	peers.Dir(t)
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	report, err := m.Import(ctx, bytes.NewReader(databaseBuild(t, "pglite-0.5")), manager.ImportConfig{})
	require.NoError(t, err)
	requireImported(t, m, report)

	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "dbs"), 0o700))
	for _, p := range unpack(t, export(t, m)) {
		if strings.HasSuffix(p.name, ".tar.gz") {
			require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(p.name)), []byte(p.body), 0o600))
		}
	}
	var found struct {
		manager.Records
		Values map[string]string `json:"values"`
	}
	require.NoError(t, json.Unmarshal(peers.Run(t, script(t, "read.mjs"), dir), &found))
	want, err := m.ExportRecords(ctx)
	require.NoError(t, err)
	require.Equal(t, want.Databases[:2], found.Databases)
	require.Len(t, found.Messages, 2)
	require.Equal(t, want.Messages[1].ID, found.Messages[1].ID)
	require.JSONEq(t, string(want.Messages[1].ToolInvocations), string(found.Messages[1].ToolInvocations))
	require.Equal(t, map[string]string{"vn0sdrrknx0m4sar": "Mars,Venus/2", "V1StGXR8_Z5jdHi6B-myT": "Mars,Venus/2"}, found.Values)
}

// Database.build itself has PGlite 0.2. Its list cannot be read without an
// upgrade, and nothing is imported; what can be read of it is.
func TestInterchangeOlder(t *testing.T) {
	t.Parallel()
	dbtest.NeedGuest(t)
	peers.Dir(t)
	ctx := t.Context()
	archive := databaseBuild(t, "pglite-0.2")
	m := openManager(t, manager.Config{})
	_, err := m.Import(ctx, bytes.NewReader(archive), manager.ImportConfig{})
	var version *pglite.VersionError
	require.ErrorAs(t, err, &version)
	require.Equal(t, "16", version.Found)
	n, err := m.Count(ctx, true)
	require.NoError(t, err)
	require.Zero(t, n)

	// Its databases with a list that can be read.
	parts := unpack(t, archive)
	parts[0] = unpack(t, databaseBuild(t, "pglite-0.5"))[0]
	report, err := m.Import(ctx, bytes.NewReader(pack(t, parts...)), manager.ImportConfig{})
	require.NoError(t, err)
	require.Len(t, report.Databases, 3)
	require.Len(t, report.Older, 2)
	_, err = m.Open(ctx, "vn0sdrrknx0m4sar")
	require.ErrorAs(t, err, &version)
}

// With an upgrade, all of it is.
func TestInterchangeUpgraded(t *testing.T) {
	t.Parallel()
	dbtest.NeedGuest(t)
	if raced {
		t.Skip("upgrading takes minutes with the race detector; `make test` runs it without, too")
	}
	if _, err := assets.OpenGroup("legacy-16"); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs an earlier PostgreSQL: %v", err)
	}
	ctx := t.Context()
	archive := databaseBuild(t, "pglite-0.2")
	dir := t.TempDir()
	m := openManager(t, manager.Config{Dir: dir, DB: pglite.Config{Upgrade: upgrade.Directory}})
	report, err := m.Import(ctx, bytes.NewReader(archive), manager.ImportConfig{})
	require.NoError(t, err)
	requireImported(t, m, report)
	require.Empty(t, names(t, filepath.Join(dir, "incoming")))
	require.Equal(t, []string{"data"}, names(t, filepath.Join(dir, "dbs", "vn0sdrrknx0m4sar")), "the archive is what is kept")

	_, err = m.Create(ctx, manager.NewDatabase{ID: "loaded", Load: strings.NewReader(unpack(t, archive)[2].body)})
	require.NoError(t, err)
	require.Equal(t, "Mars,Venus", value[string](t, m, "loaded", "SELECT string_agg(name, ',' ORDER BY name) FROM planet"))

	// One that was imported without an upgrade is upgraded when it is opened, and
	// what that keeps goes with the database.
	state, err := m.State(ctx, "loaded")
	require.NoError(t, err)
	require.NoError(t, m.CloseDatabase(ctx, "loaded"))
	require.NoError(t, os.RemoveAll(state.Dir))
	require.NoError(t, dump.Restore(ctx, strings.NewReader(unpack(t, archive)[2].body), state.Dir, dump.RestoreConfig{Earlier: true}))
	require.Equal(t, "Mars,Venus", value[string](t, m, "loaded", "SELECT string_agg(name, ',' ORDER BY name) FROM planet"))
	require.Equal(t, []string{"data", "data.pg16.bak"}, names(t, filepath.Join(dir, "dbs", "loaded")))
	problems, err := m.Check(ctx)
	require.NoError(t, err)
	require.Empty(t, problems)
	require.NoError(t, m.Delete(ctx, "loaded"))
	require.NotContains(t, names(t, filepath.Join(dir, "dbs")), "loaded")
}
