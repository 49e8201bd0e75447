package manager_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/manager"
)

func TestDatabases(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "some", "folder")
	m := openManager(t, manager.Config{Dir: dir})
	require.Equal(t, "18", m.RuntimeVersion())
	list, err := m.Databases(ctx, true)
	require.NoError(t, err)
	require.Empty(t, list)

	d, err := m.Create(ctx, manager.NewDatabase{})
	require.NoError(t, err)
	require.Regexp(t, "^[a-z][a-z0-9]{15}$", d.ID)
	require.WithinDuration(t, time.Now(), d.CreatedAt, time.Minute)
	require.Empty(t, d.Name)
	at := time.Date(2024, 7, 1, 12, 0, 0, 123456000, time.UTC)
	hidden, err := m.Create(ctx, manager.NewDatabase{ID: "V1StGXR8_Z5jdHi6B-myT", Name: `O'Reilly"; DROP TABLE databases; --`, Hidden: true, CreatedAt: at})
	require.NoError(t, err)
	require.Equal(t, manager.Database{ID: "V1StGXR8_Z5jdHi6B-myT", Name: `O'Reilly"; DROP TABLE databases; --`, Hidden: true, CreatedAt: at}, hidden)

	got, err := m.Database(ctx, hidden.ID)
	require.NoError(t, err)
	require.Equal(t, hidden, got)
	_, err = m.Database(ctx, "nobody")
	require.ErrorIs(t, err, manager.ErrNotFound)
	require.EqualError(t, err, `manager: reading database "nobody": not found`)
	_, err = m.Create(ctx, manager.NewDatabase{ID: d.ID})
	require.ErrorIs(t, err, manager.ErrExists)

	list, err = m.Databases(ctx, false)
	require.NoError(t, err)
	require.Equal(t, []string{d.ID}, ids(list))
	list, err = m.Databases(ctx, true)
	require.NoError(t, err)
	require.Equal(t, []string{hidden.ID, d.ID}, ids(list), "the oldest first")
	for all, want := range map[bool]int64{false: 1, true: 2} {
		n, err := m.Count(ctx, all)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}

	name, no := "Planets", false
	got, err = m.Update(ctx, hidden.ID, manager.Update{Name: &name})
	require.NoError(t, err)
	require.Equal(t, manager.Database{ID: hidden.ID, Name: name, Hidden: true, CreatedAt: at}, got)
	got, err = m.Update(ctx, hidden.ID, manager.Update{Hidden: &no})
	require.NoError(t, err)
	require.Equal(t, manager.Database{ID: hidden.ID, Name: name, CreatedAt: at}, got)
	name = ""
	got, err = m.Update(ctx, hidden.ID, manager.Update{Name: &name})
	require.NoError(t, err)
	require.Empty(t, got.Name)
	_, err = m.Update(ctx, "nobody", manager.Update{})
	require.ErrorIs(t, err, manager.ErrNotFound)

	exec(t, m, d.ID, "CREATE TABLE t AS SELECT 1 AS a")
	_, err = m.CreateMessage(ctx, manager.Message{DatabaseID: d.ID, Role: manager.User, Content: "hello"})
	require.NoError(t, err)
	require.NoError(t, m.Delete(ctx, d.ID))
	require.ErrorIs(t, m.Delete(ctx, d.ID), manager.ErrNotFound)
	_, err = m.Open(ctx, d.ID)
	require.ErrorIs(t, err, manager.ErrNotFound)
	messages, err := m.Messages(ctx, d.ID)
	require.NoError(t, err)
	require.Empty(t, messages, "they went with the database")
	require.Equal(t, []string{"=v1=st=g=x=r8_=z5jd=hi6=b-my=t"}, names(t, filepath.Join(dir, "dbs")))
	require.Empty(t, names(t, filepath.Join(dir, "deleted")))
	require.Empty(t, names(t, filepath.Join(dir, "incoming")))

	require.NoError(t, m.Delete(ctx, hidden.ID), "one that was never opened")
	require.Empty(t, names(t, filepath.Join(dir, "dbs")))
	problems, err := m.Check(ctx)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// Ids are names of folders on any file system, and never lead anywhere else.
func TestIDs(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	m := openManager(t, manager.Config{Dir: dir})
	for _, id := range []string{
		".", "..", "../meta", "a/b", `a\b`, "a.b", "C:", "a b", "ü", "\xff", "a\x00", "a=", "~", "*", strings.Repeat("a", 65), "'; DROP TABLE databases; --",
	} {
		_, err := m.Create(ctx, manager.NewDatabase{ID: id})
		require.ErrorIs(t, err, manager.ErrInvalid, id)
		_, err = m.Open(ctx, id)
		require.ErrorIs(t, err, manager.ErrInvalid, id)
		require.ErrorIs(t, m.Delete(ctx, id), manager.ErrInvalid, id)
		_, err = m.State(ctx, id)
		require.ErrorIs(t, err, manager.ErrInvalid, id)
	}
	special := []string{"abc", "ABC", "aBc", "con", "CON", "Com1", "nul", "-", "--help", "_", "meta", strings.Repeat("A", 64)}
	folded := map[string]bool{}
	for _, id := range special {
		create(t, m, id)
	}
	for _, name := range names(t, filepath.Join(dir, "dbs")) {
		require.Regexp(t, "^[a-z0-9_=-]+$", name)
		require.NotContains(t, []string{"con", "nul", "com1"}, name)
		folded[strings.ToLower(name)] = true
	}
	require.Len(t, folded, len(special))
	exec(t, m, "abc", "CREATE TABLE lower AS SELECT 1 AS a")
	exec(t, m, "ABC", "CREATE TABLE upper AS SELECT 1 AS a")
	require.NoError(t, m.Delete(ctx, "ABC"))
	require.Equal(t, 1, value[int](t, m, "abc", "SELECT a FROM lower"))
	list, err := m.Databases(ctx, true)
	require.NoError(t, err)
	require.Len(t, list, len(special)-1)
}

func TestBadText(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	bad := "\xff"
	_, err := m.Create(ctx, manager.NewDatabase{Name: bad})
	require.ErrorIs(t, err, manager.ErrInvalid)
	_, err = m.Create(ctx, manager.NewDatabase{Name: "a\x00b"})
	require.ErrorIs(t, err, manager.ErrInvalid)
	_, err = m.Update(ctx, "abc", manager.Update{Name: &bad})
	require.ErrorIs(t, err, manager.ErrInvalid)
	for name, message := range map[string]manager.Message{
		"role":    {DatabaseID: "abc", Role: "system", Content: "x"},
		"no role": {DatabaseID: "abc", Content: "x"},
		"content": {DatabaseID: "abc", Role: manager.User, Content: bad},
		"NUL":     {DatabaseID: "abc", Role: manager.User, Content: "\x00"},
		"id":      {ID: bad, DatabaseID: "abc", Role: manager.User},
		"JSON":    {DatabaseID: "abc", Role: manager.User, ToolInvocations: json.RawMessage("[1,")},
		"JSON NUL": {DatabaseID: "abc", Role: manager.User,
			ToolInvocations: json.RawMessage(`["\u0000"]`)},
		"model": {DatabaseID: "abc", Role: manager.User, Model: bad},
	} {
		_, err := m.CreateMessage(ctx, message)
		require.ErrorIs(t, err, manager.ErrInvalid, name)
	}
	list, err := m.Messages(ctx, "abc")
	require.NoError(t, err)
	require.Empty(t, list)
	n, err := m.Count(ctx, true)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

func TestMessages(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	create(t, m, "other")
	first, err := m.CreateMessage(ctx, manager.Message{
		ID: "m1'; DROP TABLE messages; --", DatabaseID: "abc", Role: manager.Assistant, Content: "\"', $1 \U0001F404",
		ToolInvocations: json.RawMessage(`[{"state": "result", "args": {"sql": "select 1"}}]`),
		CreatedAt:       time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC), APIURL: "https://example.com/v1", Model: "gpt",
	})
	require.NoError(t, err)
	require.JSONEq(t, `[{"state": "result", "args": {"sql": "select 1"}}]`, string(first.ToolInvocations))
	second, err := m.CreateMessage(ctx, manager.Message{DatabaseID: "abc", Role: manager.User})
	require.NoError(t, err)
	require.NotEmpty(t, second.ID)
	third, err := m.CreateMessage(ctx, manager.Message{DatabaseID: "abc", Role: manager.Tool, Content: "x", ToolInvocations: json.RawMessage("null")})
	require.NoError(t, err)
	list, err := m.Messages(ctx, "abc")
	require.NoError(t, err)
	require.Equal(t, []manager.Message{first, second, third}, list)
	require.Nil(t, list[1].ToolInvocations)
	require.Equal(t, "null", string(list[2].ToolInvocations), "the JSON null is not the absence of JSON")

	_, err = m.CreateMessage(ctx, first)
	require.ErrorIs(t, err, manager.ErrExists)
	_, err = m.CreateMessage(ctx, manager.Message{DatabaseID: "nobody", Role: manager.User})
	require.ErrorIs(t, err, manager.ErrNotFound)
	list, err = m.Messages(ctx, "other")
	require.NoError(t, err)
	require.Empty(t, list)

	huge := json.RawMessage(`["` + strings.Repeat("x", 8<<20) + `"]`)
	_, err = m.CreateMessage(ctx, manager.Message{ID: "huge", DatabaseID: "other", Role: manager.Tool, ToolInvocations: huge})
	require.NoError(t, err)
	list, err = m.Messages(ctx, "other")
	require.NoError(t, err)
	require.JSONEq(t, string(huge), string(list[0].ToolInvocations))
}

// What a folder holds is looked at before it is written to, and one program has
// it at a time.
func TestOpenFolder(t *testing.T) {
	t.Parallel()
	dbtest.NeedGuest(t)
	ctx := t.Context()
	_, err := manager.Open(ctx, "")
	require.ErrorContains(t, err, `Config.Dir "" is not a folder`)
	_, err = manager.OpenConfig(ctx, manager.Config{Dir: t.TempDir(), MaxOpen: -1})
	require.ErrorContains(t, err, "Config.MaxOpen -1 is negative")
	_, err = manager.OpenConfig(ctx, manager.Config{Dir: t.TempDir(), DB: pglite.Config{Dir: "x"}})
	require.ErrorContains(t, err, "Config.DB must have neither Dir nor Load")

	other := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(other, "letter.txt"), []byte("Dear"), 0o600))
	_, err = manager.Open(ctx, other)
	require.ErrorContains(t, err, "it has letter.txt but no meta: it is not a folder of databases")
	require.Equal(t, []string{"letter.txt"}, names(t, other))

	data := filepath.Join(t.TempDir(), "data")
	db, err := pglite.Open(ctx, data)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = manager.Open(ctx, data)
	require.ErrorContains(t, err, "it is a data directory of one database")
	_, err = manager.Open(ctx, filepath.Join(other, "letter.txt"))
	require.Error(t, err)

	dir := t.TempDir()
	m := openManager(t, manager.Config{Dir: dir})
	_, err = manager.Open(ctx, dir)
	require.ErrorIs(t, err, pglite.ErrLocked)
	require.ErrorContains(t, err, "another DB of this process")
	create(t, m, "abc")
	require.NoError(t, m.Close())
	require.NoError(t, m.Close(), "it is idempotent")
	_, err = m.Open(ctx, "abc")
	require.ErrorIs(t, err, manager.ErrClosed)
	_, err = m.Databases(ctx, true)
	require.Error(t, err)

	m = openManager(t, manager.Config{Dir: dir})
	require.Equal(t, 1, value[int](t, m, "abc", "SELECT 1"))
}

// What was opened with a link in the place of a folder is neither used nor
// deleted.
func TestLinks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir, elsewhere := t.TempDir(), t.TempDir()
	m := openManager(t, manager.Config{Dir: dir})
	create(t, m, "abc")
	create(t, m, "def")
	exec(t, m, "def", "SELECT")
	require.NoError(t, m.CloseDatabase(ctx, "def"))
	require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "letter.txt"), []byte("Dear"), 0o600))
	require.NoError(t, os.Remove(filepath.Join(dir, "dbs", "abc")))
	if err := os.Symlink(elsewhere, filepath.Join(dir, "dbs", "abc")); err != nil {
		t.Skipf("no symbolic links: %v", err)
	}
	_, err := m.Open(ctx, "abc")
	require.ErrorContains(t, err, "abc is not a folder")
	require.ErrorContains(t, m.Delete(ctx, "abc"), "abc is not a folder")
	problems, err := m.Check(ctx)
	require.NoError(t, err)
	require.Len(t, problems, 1)

	// Of a link within a database, the link is deleted.
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "dbs", "def", "data", "pg_tblspc", "1")))
	require.NoError(t, m.Delete(ctx, "def"))
	require.Equal(t, []string{"letter.txt"}, names(t, elsewhere))
}
