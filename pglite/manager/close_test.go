package manager_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite/dump"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/manager"
)

// Close waits for nobody who uses a database, and afterwards everything is closed.
func TestCloseInUse(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	h := use(t, m, "abc")
	rows, err := h.Query(ctx, "SELECT generate_series(1, 100000)")
	require.NoError(t, err)
	require.True(t, rows.Next())
	pool, err := h.Pool(ctx)
	require.NoError(t, err)
	tx, err := pool.Begin(ctx)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, l, pglite.ServeConfig{}) }()
	sleeps := make(chan error, 1)
	go func() {
		_, err := h.Exec(ctx, "SELECT pg_sleep(1000)")
		sleeps <- err
	}()
	exported, more := io.Pipe() // of which nobody reads more than a byte
	exports := make(chan error, 1)
	go func() {
		defer more.Close()
		exports <- m.Export(ctx, more, manager.ExportConfig{})
	}()
	_, err = exported.Read(make([]byte, 1))
	require.NoError(t, err)

	done := make(chan error, 1)
	go func() { done <- m.Close() }()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("Close hangs")
	}
	for rows.Next() {
	}
	require.Error(t, rows.Err())
	require.Error(t, tx.Commit(ctx))
	pool.Close()
	require.Error(t, <-sleeps)
	require.ErrorIs(t, <-served, manager.ErrClosed)
	_, _ = io.Copy(io.Discard, exported)
	require.ErrorIs(t, <-exports, manager.ErrClosed)

	for name, call := range map[string]func() error{
		"Create":        func() error { _, err := m.Create(ctx, manager.NewDatabase{}); return err },
		"Database":      func() error { _, err := m.Database(ctx, "abc"); return err },
		"Databases":     func() error { _, err := m.Databases(ctx, true); return err },
		"Count":         func() error { _, err := m.Count(ctx, true); return err },
		"Update":        func() error { _, err := m.Update(ctx, "abc", manager.Update{}); return err },
		"Delete":        func() error { return m.Delete(ctx, "abc") },
		"Open":          func() error { _, err := m.Open(ctx, "abc"); return err },
		"CloseDatabase": func() error { return m.CloseDatabase(ctx, "abc") },
		"State":         func() error { _, err := m.State(ctx, "abc"); return err },
		"Check":         func() error { _, err := m.Check(ctx); return err },
		"CreateMessage": func() error {
			_, err := m.CreateMessage(ctx, manager.Message{DatabaseID: "abc", Role: "user", Content: "x"})
			return err
		},
		"Messages":      func() error { _, err := m.Messages(ctx, "abc"); return err },
		"Export":        func() error { return m.Export(ctx, &bytes.Buffer{}, manager.ExportConfig{}) },
		"Import":        func() error { _, err := m.Import(ctx, strings.NewReader(""), manager.ImportConfig{}); return err },
		"ExportRecords": func() error { _, err := m.ExportRecords(ctx); return err },
		"ImportRecords": func() error { _, err := m.ImportRecords(ctx, manager.Records{}); return err },
		"SaveFile":      func() error { _, err := m.SaveFile(ctx, "f", "name", strings.NewReader("x")); return err },
		"Files":         func() error { _, err := m.Files(ctx); return err },
		"OpenFile":      func() error { _, _, err := m.OpenFile("f"); return err },
		"DeleteFile":    func() error { return m.DeleteFile("f") },
		"Exec":          func() error { _, err := h.Exec(ctx, "SELECT 1"); return err },
		"Run":           func() error { _, err := h.Run(ctx, "SELECT 1", manager.RunOptions{}); return err },
		"Connect":       func() error { _, err := h.Connect(ctx); return err },
		"Pool":          func() error { _, err := h.Pool(ctx); return err },
		"Dump":          func() error { return h.Dump(ctx, io.Discard, dump.ArchiveConfig{}) },
	} {
		require.ErrorIs(t, call(), manager.ErrClosed, name)
	}
}
