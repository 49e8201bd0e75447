package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/stretchr/testify/require"
)

func TestDumpUsage(t *testing.T) {
	data := t.TempDir()
	for name, tt := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"NoFile":           {[]string{"dump", "--db", data}, exitUsage, "accepts 1 arg"},
		"NoDatabase":       {[]string{"dump", "x.tar"}, exitUsage, "--db is missing"},
		"Memory":           {[]string{"dump", "--db", "memory://", "x.tar"}, exitUsage, "nothing to dump"},
		"URL":              {[]string{"dump", "--db", "postgres://localhost/x", "x.tar"}, exitUsage, "--format tar copies files, which a connection does not give"},
		"UnknownFormat":    {[]string{"dump", "--db", data, "--format", "zip", "x"}, exitUsage, `tar.gz, tar, sql, sql.gz, custom or directory, not "zip"`},
		"NameTellsNothing": {[]string{"dump", "--db", data, "backup"}, exitUsage, "the name backup tells no format"},
		"StdoutUntold":     {[]string{"dump", "--db", data, "-"}, exitUsage, "--format is missing"},
		"DirectoryStdout":  {[]string{"dump", "--db", data, "--format", "directory", "-"}, exitUsage, "use --format tar"},
		"Nothing":          {[]string{"dump", "--db", filepath.Join(data, "nowhere"), filepath.Join(data, "x.tar")}, exitFailed, "nowhere"},
		"NotADatabase":     {[]string{"dump", "--db", data, filepath.Join(data, "x.tar")}, exitFailed, "not a PostgreSQL data directory"},
		"RestoreNoDB":      {[]string{"restore", "x.tar"}, exitUsage, "--db must be the directory"},
		"RestoreMemory":    {[]string{"restore", "--db", "memory://", "x.tar"}, exitUsage, "--db must be the directory"},
		"RestoreURL":       {[]string{"restore", "--db", "postgres://localhost", "--format", "tar", "x.tar"}, exitUsage, "--db must be a directory"},
		"RestoreFormat":    {[]string{"restore", "--db", "x", "--format", "zip", "x.tar"}, exitUsage, `not "zip"`},
		"RestoreNothing":   {[]string{"restore", "--db", filepath.Join(data, "new"), filepath.Join(data, "nowhere.tar")}, exitFailed, "nowhere.tar"},
		"RestoreDirectory": {[]string{"restore", "--db", filepath.Join(data, "new"), "--format", "tar", data}, exitUsage, "is a directory"},
		"RestoreUnknown":   {[]string{"restore", "--db", filepath.Join(data, "new"), "dump_test.go"}, exitFailed, "in none of the formats"},
		"RestoreEmpty":     {[]string{"restore", "--db", filepath.Join(data, "new"), "-"}, exitFailed, "in none of the formats"},
	} {
		t.Run(name, func(t *testing.T) {
			got := calf(t, "", tt.args...)
			require.Equal(t, tt.status, got.status, got.stderr)
			require.Contains(t, got.stderr, tt.says)
			require.Empty(t, got.stdout)
		})
	}
	entries, err := os.ReadDir(data)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// Archives are not for people.
func TestDumpToTerminal(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there is no terminal to open: %v", err)
	}
	defer terminal.Close()
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"dump", "--db", t.TempDir(), "--format", "tar", "-"}, strings.NewReader(""), terminal, &stderr)
	require.Equal(t, exitUsage, status)
	require.Contains(t, stderr.String(), "refusing to write an archive to a terminal")
	stderr.Reset()
	status = run(t.Context(), []string{"restore", "--db", t.TempDir(), "-"}, terminal, io.Discard, &stderr)
	require.Equal(t, exitUsage, status)
	require.Contains(t, stderr.String(), "refusing to read a dump from a terminal")
}

func TestDumpAndRestore(t *testing.T) {
	needsGuest(t)
	tmp := t.TempDir()
	at := func(name string) string { return filepath.Join(tmp, name) }
	ok := func(args ...string) outcome {
		t.Helper()
		got := calf(t, "", args...)
		require.Equal(t, outcome{status: exitOK, stdout: got.stdout}, got)
		return got
	}
	ok("query", "--db", at("data"), "CREATE TABLE t AS SELECT 42 AS a; CREATE UNLOGGED TABLE u AS SELECT 43 AS a; CREATE DATABASE other")
	require.NoError(t, os.WriteFile(at("b.tar"), []byte("of yesterday"), 0o600))
	ok("dump", "--db", at("data"), at("a.tar.gz"))
	ok("dump", "--db", at("data"), at("b.tar"))
	ok("dump", "--db", at("data"), "--format", "tar.gz", at("c"))
	ok("dump", "--db", at("data"), at("d")+"/")
	ok("dump", "--db", at("data"), "--format", "tar", os.DevNull)
	info, err := os.Stat(os.DevNull)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeDevice, "it is still a device")
	stream := ok("dump", "--db", at("data"), "--format", "tar.gz", "-").stdout
	require.NoError(t, os.WriteFile(at("e"), []byte(stream), 0o600))

	for _, from := range []string{"a.tar.gz", "b.tar", "c", "d", "e"} {
		to := at("restored-" + from)
		ok("restore", "--db", to, at(from))
		require.Equal(t, "a\n42\na\n43\n", ok("query", "--db", to, "--csv", "TABLE t; TABLE u").stdout)
		got := calf(t, "", "restore", "--db", to, at(from))
		require.Equal(t, exitFailed, got.status)
		require.Contains(t, got.stderr, "the directory has to be empty or not to exist")
	}
	got := calf(t, stream, "restore", "--db", at("piped"), "-")
	require.Equal(t, outcome{}, got)

	// What fails leaves what was there.
	entries := names(t, tmp)
	require.NoError(t, os.WriteFile(at("cut.tar.gz"), []byte(stream[:len(stream)/2]), 0o600))
	got = calf(t, "", "restore", "--db", at("cut"), at("cut.tar.gz"))
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "bad archive")
	db, err := pglite.Open(t.Context(), at("data"))
	require.NoError(t, err)
	got = calf(t, "", "dump", "--db", at("data"), at("a.tar.gz"))
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "the data directory is in use by another DB of this process")
	require.Contains(t, got.stderr, "can be dumped as SQL")
	got = calf(t, "", "restore", "--db", at("new"), at("data"))
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "the data directory is in use by another DB of this process")
	require.NoError(t, db.Close())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	require.Equal(t, exitFailed, run(ctx, []string{"dump", "--db", at("data"), at("a.tar.gz")}, strings.NewReader(""), io.Discard, &stderr))
	require.Equal(t, "calf: interrupted\n", stderr.String())
	require.NoError(t, os.Remove(at("cut.tar.gz")))
	require.Equal(t, entries, names(t, tmp))
	ok("restore", "--db", at("again"), at("a.tar.gz"))

	// A reader that has enough is told nothing.
	stderr.Reset()
	require.Equal(t, exitFailed, run(t.Context(), []string{"dump", "--db", at("data"), "--format", "tar", "-"},
		strings.NewReader(""), brokenPipe{}, &stderr))
	require.Empty(t, stderr.String())

	require.NoError(t, os.WriteFile(filepath.Join(at("data"), "PG_VERSION"), []byte("17\n"), 0o600))
	got = calf(t, "", "dump", "--db", at("data"), at("x.tar"))
	require.Contains(t, got.stderr, "PostgreSQL 17 (PGlite 0.3 and PGlite 0.4)")
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func names(t *testing.T, dir string) (list []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	g := &progress{w: &b, visible: true, start: time.Now().Add(-time.Second)}
	g.report(dump.Progress{Phase: "preparing"})
	g.report(dump.Progress{Phase: "copying", Done: 25 << 20, Total: 100 << 20})
	g.report(dump.Progress{Phase: "copying", Done: 26 << 20, Total: 100 << 20}) // too soon
	g.report(dump.Progress{Phase: "reading", Done: 100 << 20})
	g.done("dumped")
	require.Regexp(t, `^\r\x1b\[Kpreparing`+
		`\r\x1b\[Kcopying  25 MiB of 100 MiB, 25%  \d+ MiB/s`+
		`\r\x1b\[Kreading  100 MiB  \d+ MiB/s`+
		`\r\x1b\[Kdumped: 100 MiB in \d+\.\d s, \d+ MiB/s\n$`, b.String())

	b.Reset()
	g.visible = false
	g.report(dump.Progress{Phase: "copying"})
	g.failed()
	g.done("dumped")
	require.Empty(t, b.String())
}

// toFile never shows an unfinished file.
func TestToFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	cause := errors.New("cause")
	for _, text := range []string{"first", "second"} {
		require.NoError(t, toFile(file, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}))
		require.ErrorIs(t, toFile(file, func(w io.Writer) error {
			_, err := io.WriteString(w, "half")
			return errors.Join(err, cause)
		}), cause)
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, text, string(b))
		require.Equal(t, []string{"f"}, names(t, dir))
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.Error(t, toFile(filepath.Join(dir, "none", "f"), func(io.Writer) error { return nil }))
}
