package main

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestICU(t *testing.T) {
	needsGuest(t)
	tmp := t.TempDir()
	db, archive, text := filepath.Join(tmp, "data"), filepath.Join(tmp, "icu.tar"), filepath.Join(tmp, "text")
	require.NoError(t, os.WriteFile(text, []byte("hello"), 0o600))
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "icudt76l/LICENSE", Mode: 0o644, Size: 1}))
	_, err := w.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(archive, b.Bytes(), 0o600))

	got := calf(t, "", "query", "--db", db, "--icu", archive, "--csv", "SELECT 'a9' < 'A10' COLLATE \"en-x-icu\" AS x")
	require.Equal(t, exitOK, got.status, got.stderr)
	require.Equal(t, "x\nf\n", got.stdout)
	for name, args := range map[string][]string{
		"query":   {"query", "--db", db},
		"serve":   {"serve", "--db", db, "--listen", "127.0.0.1:0"},
		"dump":    {"dump", "--db", db, "--format", "sql"},
		"chat":    {"chat", "--db", db, "list"},
		"push":    {"push", "--db", db, "--to", "postgres:///nowhere"},
		"restore": {"restore", "--db", db, "--format", "sql", text},
	} {
		got := calf(t, "SELECT 1", args...)
		require.Equal(t, exitFailed, got.status, name)
		require.Contains(t, got.stderr, "set Config.ICU (calf --icu FILE)", name)
		got = calf(t, "SELECT 1", append(args, "--icu", text)...)
		require.Equal(t, exitFailed, got.status, name)
		require.Contains(t, got.stderr, "no data of ICU 76 (icudt76l)", name)
	}
	for name, args := range map[string][]string{
		"dbs":       {"dbs", "--dir", tmp, "list"},
		"upgrade":   {"upgrade", db},
		"knowledge": {"knowledge", "--db", db, "status"},
	} {
		got := calf(t, "", append(args, "--icu", text)...)
		require.Equal(t, exitFailed, got.status, name)
		require.Contains(t, got.stderr, "no data of ICU 76 (icudt76l)", name)
	}
}
