package tree_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/calfdb/calf/internal/pgdata/tree"
	"github.com/stretchr/testify/require"
)

func keepAll(string, int64) bool  { return true }
func keepNone(string, int64) bool { return false }

// archive makes a tar of files, in the order of their names.
func archive(tb testing.TB, files map[string]string) []byte {
	tb.Helper()
	var names []string
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		require.NoError(tb, w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(files[name])), Mode: 0o600}))
		_, err := io.WriteString(w, files[name])
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Close())
	return b.Bytes()
}

func compress(tb testing.TB, b []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return out.Bytes()
}

func write(tb testing.TB, b []byte) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "file")
	require.NoError(tb, os.WriteFile(name, b, 0o600))
	return name
}

func open(tb testing.TB, path string, keep tree.Keep) *tree.Tree {
	tb.Helper()
	t, err := tree.Open(context.Background(), path, keep)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, t.Close()) })
	return t
}

// TestTree reads the same files from each kind of container.
func TestTree(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"a/PG_VERSION": "18\n", "a/global/pg_control": strings.Repeat("c", 8192), "a/base/1/1": strings.Repeat("0123456789", 5000),
		"a/empty": "", "b": "outside",
	}
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	plain := archive(t, files)
	for name, tt := range map[string]struct {
		path      string
		keep      tree.Keep
		container tree.Container
	}{
		"Folder":    {dir, nil, tree.Folder},
		"Tar":       {write(t, plain), nil, tree.Tar},
		"TarGz":     {write(t, compress(t, plain)), keepNone, tree.TarGz},
		"TarGzKept": {write(t, compress(t, plain)), keepAll, tree.TarGz},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := open(t, tt.path, tt.keep)
			require.Equal(t, tt.container, tr.Container)
			require.Empty(t, tr.Kind)
			require.NoError(t, tr.Truncated)
			require.Len(t, tr.Files(), 5)
			require.True(t, tr.Dir("a/global"))

			tr.Root("a")
			require.Len(t, tr.Files(), 4)
			require.True(t, tr.Dir("global"))
			require.Len(t, tr.Below("base/"), 1)
			require.EqualValues(t, 50000, tr.File("base/1/1").Size)
			require.Nil(t, tr.File("b"))

			b, err := tr.ReadFile("PG_VERSION", 100)
			if name == "TarGz" {
				require.ErrorIs(t, err, tree.ErrNotKept)
			} else {
				require.NoError(t, err)
				require.Equal(t, "18\n", string(b))
				require.ErrorIs(t, tr.ReadAt("PG_VERSION", make([]byte, 3), 1), io.ErrUnexpectedEOF)
			}
			require.ErrorIs(t, tr.ReadAt("nothing", b, 0), os.ErrNotExist)

			parts := []tree.Part{
				{Name: "base/1/1", Off: 10, Len: 10}, {Name: "base/1/1", Off: 49995, Len: 100}, {Name: "base/1/1", Off: 60000, Len: 5},
				{Name: "PG_VERSION", Len: 3}, {Name: "nothing", Len: 3}, {Name: "empty", Len: 3}, {Name: "global/pg_control", Off: 1, Len: 1},
			}
			for _, visit := range []func(context.Context, []tree.Part, func(tree.Part, io.Reader) error) error{tr.Visit, tr.VisitInOrder} {
				var mu sync.Mutex
				got := map[string]string{}
				require.NoError(t, visit(context.Background(), parts, func(p tree.Part, r io.Reader) error {
					b, err := io.ReadAll(r)
					mu.Lock()
					defer mu.Unlock()
					got[fmt.Sprint(p.Name, p.Off)] = string(b)
					return err
				}))
				require.Equal(t, map[string]string{
					"base/1/110": "0123456789", "base/1/149995": "56789", "base/1/160000": "", "PG_VERSION0": "18\n", "empty0": "", "global/pg_control1": "c",
				}, got)
				mine := errors.New("mine")
				require.ErrorIs(t, visit(context.Background(), parts, func(tree.Part, io.Reader) error { return mine }), mine)
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				require.ErrorIs(t, visit(ctx, parts, func(_ tree.Part, r io.Reader) error {
					_, err := io.ReadAll(r)
					return err
				}), context.Canceled)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	_, err := tree.Open(context.Background(), filepath.Join(t.TempDir(), "nothing"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = tree.Open(context.Background(), os.DevNull, nil)
	require.ErrorContains(t, err, "neither a file nor a directory")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	plain := archive(t, map[string]string{"PG_VERSION": ""})
	for _, path := range []string{t.TempDir(), write(t, plain), write(t, compress(t, plain))} {
		_, err = tree.Open(ctx, path, keepAll)
		require.ErrorIs(t, err, context.Canceled)
	}
}

// Sparse files have sizes that they need not have bytes for.
func TestSparse(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "PG_VERSION", Typeflag: tar.TypeReg}))
	require.NoError(t, w.Close())
	h := b.Bytes()[:512]
	h[156] = tar.TypeGNUSparse
	copy(h[257:], "ustar  \x00")
	clear(h[386:512])
	copy(h[483:], "77777777777\x00") // the size that it has
	copy(h[148:156], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	for _, archive := range [][]byte{b.Bytes(), compress(t, b.Bytes())} {
		tr := open(t, write(t, archive), keepAll)
		require.Empty(t, tr.Files())
		require.Len(t, tr.Others, 1)
	}
}

func FuzzOpen(f *testing.F) {
	plain := archive(f, map[string]string{"PG_VERSION": "18\n", "global/pg_control": "x", "a/../b": "x", "/c": ""})
	f.Add(plain, false)
	f.Add(plain, true)
	f.Add(plain[:700], true)
	f.Add(compress(f, plain)[:40], false)
	f.Add([]byte("PK\x05\x06"+strings.Repeat("\x00", 18)), false)
	f.Add([]byte("SQLite format 3\x00"), true)
	f.Add([]byte("-- PostgreSQL database dump"), true)
	f.Fuzz(func(t *testing.T, b []byte, zip bool) {
		if zip {
			b = compress(t, b)
		}
		tr, err := tree.Open(context.Background(), write(t, b), func(name string, size int64) bool { return len(name)%2 == 0 && size < 1<<16 })
		if err != nil {
			return
		}
		defer tr.Close()
		var parts []tree.Part
		for _, f := range tr.Files() {
			require.GreaterOrEqual(t, f.Size, int64(0))
			require.NotContains(t, "/"+f.Name+"/", "/../")
			parts = append(parts, tree.Part{Name: f.Name, Len: 1 << 10}, tree.Part{Name: f.Name, Off: f.Size - 1, Len: 10})
		}
		require.NoError(t, tr.Visit(context.Background(), parts, func(p tree.Part, r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			_ = err // the archive may be damaged here
			return nil
		}))
	})
}
