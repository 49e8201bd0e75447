package manager_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/manager"
)

// Whatever is wrong with an archive, nothing gets out of the folder, nothing is
// left, and what is whole is imported.
func TestImportHostile(t *testing.T) {
	t.Parallel()
	skipRaced(t)
	m := sample(t)
	entries := map[string]string{}
	for _, p := range unpack(t, export(t, m)) {
		entries[p.name] = p.body
	}
	meta := part{name: "meta.tar.gz", body: entries["meta.tar.gz"]}
	open := part{name: "/dbs/open.tar.gz", body: entries["/dbs/open.tar.gz"]}
	closed := part{name: "dbs/Closed.tar.gz", body: entries["/dbs/Closed.tar.gz"]}
	whole := pack(t, open, meta, closed) // the list may come later
	for name, tt := range map[string]struct {
		archive []byte
		limit   int64
		err     error
		says    string // the error, or a problem
		added   []string
	}{
		"whole":         {archive: whole, added: []string{"open", "Closed", "never", "hidden"}},
		"empty":         {archive: nil, err: manager.ErrBadArchive, says: "unexpected EOF"},
		"text":          {archive: []byte("Dear"), err: manager.ErrBadArchive},
		"cut early":     {archive: whole[:10], err: manager.ErrBadArchive, says: "unexpected EOF"},
		"cut":           {archive: whole[:len(whole)/2], err: manager.ErrBadArchive},
		"cut late":      {archive: whole[:len(whole)-5], err: manager.ErrBadArchive, says: "unexpected EOF"},
		"bad checksum":  {archive: append(bytes.Clone(whole[:len(whole)-5]), 1, 2, 3, 4, 5), err: manager.ErrBadArchive, says: "checksum"},
		"no list":       {archive: pack(t, open), err: manager.ErrBadArchive, says: "it has no meta.tar.gz"},
		"not a list":    {archive: pack(t, part{name: "meta.tar.gz", body: "x"}), err: manager.ErrBadArchive, says: "meta.tar.gz"},
		"one database":  {archive: []byte(open.body), err: manager.ErrBadArchive, says: "an archive of one database"},
		"list is not":   {archive: pack(t, part{name: "meta.tar.gz", body: open.body}), says: "202407160001"},
		"list is older": {archive: pack(t, part{name: "meta.tar.gz", body: older(t, meta.body, "16")}), says: "is of PostgreSQL 16"},
		"limit":         {archive: whole, limit: 1 << 20, err: manager.ErrBadArchive, says: "meta.tar.gz"},
		"no database": {
			archive: pack(t, meta, part{name: "dbs/open.tar.gz", body: "x"}, closed),
			says:    "dbs/open.tar.gz: ", added: []string{"Closed", "never", "hidden"},
		},
		"two": {
			archive: pack(t, meta, meta, closed, part{name: "dbs/Closed.tar.gz", body: open.body}),
			says:    "the archive has another one", added: []string{"open", "Closed", "never", "hidden"},
		},
		"unlisted": {
			archive: pack(t, meta, part{name: "dbs/stray.tar.gz", body: open.body}),
			added:   []string{"open", "Closed", "never", "hidden", "stray"},
		},
		"traversal": {
			archive: pack(t, meta, part{name: "dbs/../../../evil.tar.gz", body: open.body}, part{name: "dbs/...tar.gz", body: open.body},
				part{name: "files/../evil", body: "x"}, part{name: "files/a/..", body: "x"}, part{name: `files/a/..\evil`, body: "x"}),
			says: "it is no part of an export", added: []string{"open", "Closed", "never", "hidden"},
		},
		"links": {
			archive: pack(t, meta, part{name: "dbs/open.tar.gz", kind: tar.TypeSymlink, link: "/etc/passwd"},
				part{name: "dbs", kind: tar.TypeSymlink, link: "/tmp"}, part{name: "files/a/b", kind: tar.TypeLink, link: "meta.tar.gz"},
				part{name: "files/c", kind: tar.TypeFifo}),
			says: "a link or a special file", added: []string{"open", "Closed", "never", "hidden"},
		},
		"database with a link": {
			archive: pack(t, meta, part{name: "dbs/open.tar.gz", body: string(pack(t, part{name: "PG_VERSION", body: "18\n"},
				part{name: "base", kind: tar.TypeSymlink, link: "/etc"}))}),
			says: "dbs/open.tar.gz: ", added: []string{"Closed", "never", "hidden"},
		},
		"bomb": {
			archive: pack(t, meta, part{name: "dbs/bomb.tar.gz", body: bomb(t)}), limit: 100 << 20,
			says: "dbs/bomb.tar.gz: ", added: []string{"open", "Closed", "never", "hidden"},
		},
		"big file": {
			archive: pack(t, meta, part{name: "files/big/zeros", body: strings.Repeat("\x00", 60<<20)}), limit: 60 << 20,
			says: "more than the limit", added: []string{"open", "Closed", "never", "hidden"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			dir := t.TempDir()
			target := openManager(t, manager.Config{Dir: filepath.Join(dir, "dbs")})
			report, err := target.Import(ctx, bytes.NewReader(tt.archive), manager.ImportConfig{Limit: tt.limit})
			list, lerr := target.Databases(ctx, true)
			require.NoError(t, lerr)
			if tt.added == nil {
				require.ErrorContains(t, err, tt.says)
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
				}
				require.Empty(t, list)
				require.Empty(t, names(t, filepath.Join(dir, "dbs", "dbs")))
			} else {
				require.NoError(t, err)
				require.ElementsMatch(t, tt.added, ids(list))
				if tt.says != "" {
					require.Contains(t, report.Failed[0].String(), tt.says)
				}
			}
			require.Empty(t, names(t, filepath.Join(dir, "dbs", "incoming")))
			require.Equal(t, []string{"dbs"}, names(t, dir))
			for _, id := range []string{"open", "Closed"} {
				if report != nil && !contains(report.Empty, id) && contains(ids(list), id) {
					require.Equal(t, id, value[string](t, target, id, "SELECT name FROM t"))
				}
			}
		})
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// skipRaced skips what packs and unpacks many archives, which has no goroutines of
// its own.
func skipRaced(t *testing.T) {
	t.Helper()
	if raced {
		t.Skip("archives take minutes with the race detector; `make test` runs it without, too")
	}
}

// bomb is a small archive of 200 MB of zeros.
func bomb(tb testing.TB) string {
	tb.Helper()
	return string(packed(tb, gzip.BestSpeed, []part{{name: "PG_VERSION", body: "18\n"}, {name: "base/1/1", body: strings.Repeat("\x00", 200<<20)}}))
}

// Databases of an earlier version are imported as they are, never lost.
func TestImportOlder(t *testing.T) {
	t.Parallel()
	skipRaced(t)
	ctx := t.Context()
	m := sample(t)
	parts := unpack(t, export(t, m))
	var old string
	for i, p := range parts {
		if p.name == "/dbs/open.tar.gz" {
			old = older(t, p.body, "16")
			parts[i].body = old
		}
	}
	dir := t.TempDir()
	other := openManager(t, manager.Config{Dir: dir})
	report, err := other.Import(ctx, bytes.NewReader(pack(t, parts...)), manager.ImportConfig{})
	require.NoError(t, err)
	require.Len(t, report.Databases, 4)
	require.Len(t, report.Older, 1)
	require.Equal(t, "open", report.Older[0].Name)
	var version *pglite.VersionError
	require.ErrorAs(t, report.Older[0].Err, &version)
	require.Equal(t, "16", version.Found)
	require.EqualError(t, report.Older[0].Err, "it is of PostgreSQL 16, and this is PostgreSQL 18; Config.DB.Upgrade upgrades it, and so does `calf dbs --upgrade`")

	_, err = other.Open(ctx, "open")
	require.ErrorAs(t, err, &version)
	state, err := other.State(ctx, "open")
	require.NoError(t, err)
	require.Equal(t, "16", state.Version)
	require.Equal(t, filepath.Join(dir, "dbs", "open", "data"), state.Dir)
	require.Greater(t, state.Size, int64(1<<20))
	problems, err := other.Check(ctx)
	require.NoError(t, err)
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Text, "database open is of PostgreSQL 16, and this is PostgreSQL 18")

	// It is exported, too, and still what it was.
	for _, p := range unpack(t, export(t, other)) {
		if p.name == "/dbs/open.tar.gz" {
			require.Equal(t, "18\n", bodyOf(t, older(t, p.body, "18"), "PG_VERSION"))
			require.Equal(t, "16\n", bodyOf(t, p.body, "PG_VERSION"))
		}
	}
	_, err = other.Create(ctx, manager.NewDatabase{ID: "new", Load: strings.NewReader(old)})
	require.ErrorAs(t, err, &version)
	_, err = other.Database(ctx, "new")
	require.ErrorIs(t, err, manager.ErrNotFound)
	require.NoError(t, other.Delete(ctx, "open"))
}

func bodyOf(tb testing.TB, archive, name string) string {
	tb.Helper()
	for _, p := range unpack(tb, []byte(archive)) {
		if strings.Trim(p.name, "./") == name {
			return p.body
		}
	}
	tb.Fatalf("there is no %s", name)
	return ""
}

// An import that is cancelled leaves nothing.
func TestImportCancelled(t *testing.T) {
	t.Parallel()
	skipRaced(t)
	m := sample(t)
	archive := export(t, m)
	dir := t.TempDir()
	other := openManager(t, manager.Config{Dir: dir})
	for _, phase := range []string{"unpacking database Closed", "reading the list", "adding to the list"} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := other.Import(ctx, bytes.NewReader(archive), manager.ImportConfig{Progress: func(doing string) {
			if strings.HasPrefix(doing, phase) {
				cancel()
			}
		}})
		cancel()
		require.ErrorIs(t, err, context.Canceled, phase)
		n, err := other.Count(t.Context(), true)
		require.NoError(t, err)
		require.Zero(t, n, phase)
		require.Empty(t, names(t, filepath.Join(dir, "incoming")), phase)
		require.Empty(t, names(t, filepath.Join(dir, "dbs")), phase)
		require.Empty(t, names(t, filepath.Join(dir, "files")), phase)
	}
}
