package assets

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// envTarballs names a folder with the packages' tarballs, as `npm pack` writes them. With it, the tests also use the
// real guest.
const envTarballs = "CALF_TEST_NPM_TARBALLS"

func realTarballs(t testing.TB) []string {
	t.Helper()
	dir := os.Getenv(envTarballs)
	if dir == "" {
		t.Skip("$" + envTarballs + " does not name a folder with the pinned packages' tarballs, and tests need no network")
	}
	from, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	require.NoError(t, err)
	return from
}

// realSet installs the pinned packages in a folder of the test's own.
func realSet(t testing.TB) *Set {
	t.Helper()
	from := realTarballs(t)
	dir, err := Install(t.Context(), InstallConfig{Dir: filepath.Join(t.TempDir(), "guest"), From: from})
	require.NoError(t, err)
	s, err := OpenDir(dir)
	require.NoError(t, err)
	return s
}

func TestRealGuest(t *testing.T) {
	t.Parallel()
	s := realSet(t)
	requireReadable(t, s)
	files, err := s.Files()
	require.NoError(t, err)
	byPath := map[string][]byte{}
	for _, f := range files {
		byPath[f.Path] = f.Content
	}
	require.Len(t, byPath, len(files))
	for path, begin := range map[string]string{
		"/pglite/bin/postgres":                              "PGlite is the best!",
		"/pglite/lib/postgresql/plpgsql.so":                 "\x00asm",
		"/pglite/lib/postgresql/vector.so":                  "\x00asm",
		"/pglite/share/postgresql/postgres.bki":             "# PostgreSQL 1",
		"/pglite/share/postgresql/extension/vector.control": "comment = 'vector",
	} {
		require.Containsf(t, byPath, path, "%s", path)
		require.Equal(t, begin, string(byPath[path][:len(begin)]))
	}
	index, err := s.Index()
	require.NoError(t, err)
	require.Len(t, index, 699)

	providers := map[string]string{}
	bundles, err := s.Bundles()
	require.NoError(t, err)
	require.Len(t, bundles, 38)
	for _, b := range bundles {
		for _, x := range b.Extensions {
			require.NotContains(t, providers, x)
			providers[x] = b.Name
		}
	}
	for extension, bundle := range map[string]string{
		"vector": "vector", "pgcrypto": "pgcrypto", "uuid-ossp": "uuid-ossp", "moddatetime": "spi", "intarray": "intarray",
	} {
		require.Equal(t, bundle, providers[extension])
	}
	intarray, err := s.Bundle("intarray")
	require.NoError(t, err)
	require.Equal(t, []string{"_int"}, intarray.Libraries)
	explain, err := s.Bundle("auto_explain")
	require.NoError(t, err)
	require.Empty(t, explain.Extensions)
	require.Equal(t, []string{"auto_explain"}, explain.Libraries)
}

// BenchmarkOpenAndReadAll is what a process pays to have every file of the guest verified and at hand.
func BenchmarkOpenAndReadAll(b *testing.B) {
	dir := realSet(b).Info().Dir
	for b.Loop() {
		s, err := OpenDir(dir)
		require.NoError(b, err)
		requireReadable(b, s)
	}
}

// BenchmarkOpenFiles is the same for what a boot needs: pglite.wasm, and the files of the guest's file system.
func BenchmarkOpenFiles(b *testing.B) {
	dir := realSet(b).Info().Dir
	for b.Loop() {
		s, err := OpenDir(dir)
		require.NoError(b, err)
		_, err = s.ReadFile("pglite.wasm")
		require.NoError(b, err)
		_, err = s.Files()
		require.NoError(b, err)
	}
}

// BenchmarkInstall installs from tarballs, without derived files.
func BenchmarkInstall(b *testing.B) {
	from, dir := realTarballs(b), filepath.Join(b.TempDir(), "guest")
	for b.Loop() {
		_, err := Install(b.Context(), InstallConfig{Dir: dir, From: from})
		require.NoError(b, err)
	}
}
