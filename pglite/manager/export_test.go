package manager_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/manager"
	"github.com/stretchr/testify/require"
)

// A part is an entry of an archive.
type part struct {
	name string
	body string
	kind byte // regular if 0
	link string
}

// pack makes an archive, without spending time on making it small.
func pack(tb testing.TB, parts ...part) []byte {
	tb.Helper()
	return packed(tb, gzip.NoCompression, parts)
}

func packed(tb testing.TB, level int, parts []part) []byte {
	tb.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	require.NoError(tb, err)
	t := tar.NewWriter(z)
	for _, p := range parts {
		h := &tar.Header{Name: p.name, Typeflag: p.kind, Linkname: p.link, Mode: 0o644, Size: int64(len(p.body))}
		if p.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		require.NoError(tb, t.WriteHeader(h))
		_, err := io.WriteString(t, p.body)
		require.NoError(tb, err)
	}
	require.NoError(tb, t.Close())
	require.NoError(tb, z.Close())
	return b.Bytes()
}

// unpack returns the entries of an archive.
func unpack(tb testing.TB, archive []byte) (parts []part) {
	tb.Helper()
	z, err := gzip.NewReader(bytes.NewReader(archive))
	require.NoError(tb, err)
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return parts
		}
		require.NoError(tb, err)
		body, err := io.ReadAll(t)
		require.NoError(tb, err)
		parts = append(parts, part{h.Name, string(body), h.Typeflag, h.Linkname})
	}
}

func export(tb testing.TB, m *manager.Manager) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, m.Export(context.Background(), &b, manager.ExportConfig{}))
	return b.Bytes()
}

// older makes an archive of a data directory one of another version, as far as
// its PG_VERSION says.
func older(tb testing.TB, archive, version string) string {
	tb.Helper()
	parts := unpack(tb, []byte(archive))
	for i := range parts {
		if strings.Trim(parts[i].name, "./") == "PG_VERSION" {
			parts[i].body = version + "\n"
		}
	}
	return string(pack(tb, parts...))
}

// sample is a manager with all there may be.
func sample(t *testing.T) *manager.Manager {
	t.Helper()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "open")
	create(t, m, "Closed")
	create(t, m, "never")
	_, err := m.Create(ctx, manager.NewDatabase{ID: "hidden", Hidden: true})
	require.NoError(t, err)
	for _, id := range []string{"open", "Closed", "hidden"} {
		exec(t, m, id, "CREATE TABLE t AS SELECT '"+id+"' AS name")
		_, err = m.CreateMessage(ctx, manager.Message{
			ID: "m-" + id, DatabaseID: id, Role: manager.Assistant, Content: "about " + id,
			ToolInvocations: json.RawMessage(`[1, {"a": null}]`), APIURL: "https://example.com", Model: "gpt",
		})
		require.NoError(t, err)
	}
	_, err = m.CreateMessage(ctx, manager.Message{ID: "plain", DatabaseID: "open", Role: manager.User})
	require.NoError(t, err)
	require.NoError(t, m.CloseDatabase(ctx, "Closed"))
	require.NoError(t, m.CloseDatabase(ctx, "hidden"))
	_, err = m.SaveFile(ctx, "f1", "räksmörgås: 100%?.csv", strings.NewReader("a,b\n1,2\n"))
	require.NoError(t, err)
	return m
}

func TestExportImport(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := sample(t)
	h := use(t, m, "open")
	archive := export(t, m)
	require.NoError(t, h.Close())
	var entries []string
	for _, p := range unpack(t, archive) {
		entries = append(entries, p.name)
	}
	require.Equal(t, []string{
		"meta.tar.gz", "/dbs/", "/dbs/open.tar.gz", "/dbs/Closed.tar.gz", "/dbs/hidden.tar.gz",
		"/files/", "/files/f1/", "/files/f1/räksmörgås: 100%?.csv",
	}, entries)
	want, err := m.ExportRecords(ctx)
	require.NoError(t, err)
	require.Len(t, want.Databases, 4)
	require.Len(t, want.Messages, 4)

	other := openManager(t, manager.Config{})
	create(t, other, "other")
	report, err := other.Import(ctx, bytes.NewReader(archive), manager.ImportConfig{})
	require.NoError(t, err)
	require.Equal(t, want.Databases, report.Databases)
	require.EqualValues(t, 4, report.Messages)
	require.Equal(t, []string{"never"}, report.Empty)
	require.Len(t, report.Files, 1)
	require.Empty(t, report.DuplicateDatabases)
	require.Empty(t, report.Failed)
	require.NoError(t, other.Delete(ctx, "other"))
	got, err := other.ExportRecords(ctx)
	require.NoError(t, err)
	require.Equal(t, want, got)
	for _, id := range []string{"open", "Closed", "hidden"} {
		require.Equal(t, id, value[string](t, other, id, "SELECT name FROM t"))
	}
	require.Equal(t, 0, value[int](t, other, "never", "SELECT count(*) FROM meta.embeddings"))
	r, f, err := other.OpenFile("f1")
	require.NoError(t, err)
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, "a,b\n1,2\n", string(content))
	require.Equal(t, "räksmörgås: 100%?.csv", f.Name)

	// Once more: everything is kept as it is.
	exec(t, other, "open", "DROP TABLE t")
	report, err = other.Import(ctx, bytes.NewReader(archive), manager.ImportConfig{})
	require.NoError(t, err)
	require.Equal(t, &manager.ImportReport{
		DuplicateDatabases: []string{"open", "Closed", "never", "hidden"}, DuplicateMessages: 4, DuplicateFiles: []string{"f1"},
	}, report)
	require.False(t, value[bool](t, other, "open", "SELECT to_regclass('t') IS NOT NULL"))
	problems, err := other.Check(ctx)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// gate is a writer that tells of its first write, and waits.
type gate struct{ reached, open chan struct{} }

func (g gate) Write(p []byte) (int, error) {
	select {
	case <-g.open:
	default:
		g.reached <- struct{}{}
		<-g.open
	}
	return len(p), nil
}

// While databases are exported, none is deleted, and all else goes on.
func TestExportWhileUsed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	exec(t, m, "abc", "CREATE TABLE t AS SELECT 1 AS a")
	g := gate{make(chan struct{}), make(chan struct{})}
	done := make(chan error)
	go func() { done <- m.Export(ctx, g, manager.ExportConfig{}) }()
	<-g.reached
	require.ErrorIs(t, m.Delete(ctx, "abc"), manager.ErrInUse)
	exec(t, m, "abc", "INSERT INTO t VALUES (2)")
	create(t, m, "def")
	require.NoError(t, m.Delete(ctx, "def"), "one that is not exported")
	close(g.open)
	require.NoError(t, <-done)
	require.NoError(t, m.Delete(ctx, "abc"))

	create(t, m, "ghi")
	h := use(t, m, "ghi")
	g = gate{make(chan struct{}), make(chan struct{})}
	go func() { done <- h.Dump(ctx, g, dump.ArchiveConfig{}) }()
	<-g.reached
	require.NoError(t, h.Close())
	require.ErrorIs(t, m.CloseDatabase(ctx, "ghi"), manager.ErrInUse, "it is being dumped")
	close(g.open)
	require.NoError(t, <-done)
	require.NoError(t, m.CloseDatabase(ctx, "ghi"))
}

func TestRecords(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := sample(t)
	want, err := m.ExportRecords(ctx)
	require.NoError(t, err)
	text, err := json.Marshal(want)
	require.NoError(t, err)
	require.Contains(t, string(text), `"databaseId":"open"`)
	require.Contains(t, string(text), `"isHidden":true`)
	require.Contains(t, string(text), `"apiUrl":"https://example.com"`)
	var read manager.Records
	require.NoError(t, json.Unmarshal(text, &read))

	other := openManager(t, manager.Config{})
	report, err := other.ImportRecords(ctx, read)
	require.NoError(t, err)
	require.Len(t, report.Databases, 4)
	require.EqualValues(t, 4, report.Messages)
	got, err := other.ExportRecords(ctx)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, 1, value[int](t, other, "open", "SELECT 1"))

	// What database.build writes has neither api_url nor model, and null for no name.
	read = manager.Records{}
	require.NoError(t, json.Unmarshal([]byte(`{
		"databases": [
			{"id": "planets", "name": null, "createdAt": "2024-07-01T12:00:00.123Z", "isHidden": false},
			{"id": "open", "name": "mine", "createdAt": "2024-07-01T12:00:00.123Z", "isHidden": false},
			{"id": "../x", "name": "x", "createdAt": "2024-07-01T12:00:00.123Z", "isHidden": false}],
		"messages": [
			{"id": "p1", "databaseId": "planets", "role": "user", "content": "hi", "createdAt": "2024-07-01T12:00:01.123Z"},
			{"id": "p2", "databaseId": "planets", "role": "system", "content": "hi", "createdAt": "2024-07-01T12:00:01.123Z"},
			{"id": "p3", "databaseId": "nobody", "role": "user", "content": "hi", "createdAt": "2024-07-01T12:00:01.123Z"},
			{"id": "p4", "databaseId": "../x", "role": "user", "content": "hi", "createdAt": "2024-07-01T12:00:01.123Z"},
			{"id": "plain", "databaseId": "planets", "role": "user", "content": "other", "createdAt": "2024-07-01T12:00:01.123Z"}]}`), &read))
	report, err = other.ImportRecords(ctx, read)
	require.NoError(t, err)
	require.Len(t, report.Databases, 1)
	require.Equal(t, []string{"open"}, report.DuplicateDatabases)
	require.EqualValues(t, 1, report.Messages)
	require.EqualValues(t, 1, report.DuplicateMessages)
	require.Len(t, report.Failed, 3)
	for i, says := range []string{"../x: invalid value: an id has", `message p2: invalid value: there is no role "system"`, `message p3: invalid value: there is no database "nobody"`} {
		require.Contains(t, report.Failed[i].String(), says)
	}
	list, err := other.Messages(ctx, "planets")
	require.NoError(t, err)
	require.Equal(t, []manager.Message{{ID: "p1", DatabaseID: "planets", Role: manager.User, Content: "hi",
		CreatedAt: time.Date(2024, 7, 1, 12, 0, 1, 123e6, time.UTC)}}, list)
}

func TestCreateLoad(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := sample(t)
	h := use(t, m, "open")
	var b bytes.Buffer
	require.NoError(t, h.Dump(ctx, &b, dump.ArchiveConfig{}))
	d, err := m.Create(ctx, manager.NewDatabase{ID: "copy", Name: "Copy", Load: &b})
	require.NoError(t, err)
	require.Equal(t, "open", value[string](t, m, d.ID, "SELECT name FROM t"))
	_, err = m.Create(ctx, manager.NewDatabase{ID: "bad", Load: strings.NewReader("x")})
	require.ErrorIs(t, err, dump.ErrBadArchive)
	_, err = m.Database(ctx, "bad")
	require.ErrorIs(t, err, manager.ErrNotFound)
}
