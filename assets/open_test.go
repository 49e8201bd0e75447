package assets

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets/internal/lock"
)

// finderFor returns a finder that has nothing to find but what the test adds.
func finderFor(w *world, t *testing.T) *finder {
	t.Helper()
	cache := t.TempDir()
	return &finder{
		lock: w.lock, embedded: fstest.MapFS{readme: {}},
		getenv:   func(string) string { return "" },
		cacheDir: func() (string, error) { return cache, nil },
	}
}

func TestOpenLooksInOrder(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	w.install(t)
	f := finderFor(w, t)

	_, err := f.open("guest")
	require.ErrorIs(t, err, ErrAssetsMissing)
	require.ErrorContains(t, err, "calf assets install")
	require.ErrorContains(t, err, filepath.Join("calf", "assets", w.group().Digest()[:12]))

	// Least first, so that each one hides the ones before.
	dir, _, err := f.dir(w.group())
	require.NoError(t, err)
	w.config.Dir = dir
	_, err = Install(t.Context(), w.config)
	require.NoError(t, err)
	requireOrigin(t, f, OriginDirectory, dir)

	f.getenv = func(name string) string { return map[string]string{"CALF_ASSETS": w.dir}[name] }
	requireOrigin(t, f, OriginDirectory, w.dir)

	f.embedded = os.DirFS(w.dir)
	requireOrigin(t, f, OriginEmbedded, "")

	f.opened = nil
	f.registered = append(f.registered, fstest.MapFS{}, os.DirFS(w.dir))
	requireOrigin(t, f, OriginVendored, "")
}

func requireOrigin(t *testing.T, f *finder, origin Origin, dir string) {
	t.Helper()
	s, err := f.open("guest")
	require.NoError(t, err)
	info := s.Info()
	require.Equal(t, origin, info.Origin)
	require.Equal(t, dir, info.Dir)
	requireReadable(t, s)
	again, err := f.open("guest")
	require.NoError(t, err)
	require.Same(t, s, again)
}

func TestOpenWithEnvironment(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	w.install(t)
	f := finderFor(w, t)
	// The cache has it, but the environment variable has the say.
	dir, _, err := f.dir(w.group())
	require.NoError(t, err)
	w.config.Dir = dir
	_, err = Install(t.Context(), w.config)
	require.NoError(t, err)
	empty := t.TempDir()
	for _, named := range []string{empty, filepath.Join(empty, "gone")} {
		f.getenv = func(string) string { return named }
		_, err = f.open("guest")
		require.ErrorIs(t, err, ErrAssetsMissing)
		require.ErrorContains(t, err, named+" (from $CALF_ASSETS)")
	}
	_, err = f.open("legacy")
	require.ErrorContains(t, err, `no group "legacy"`)
	w.lock.Groups = append(w.lock.Groups, &lock.Group{Name: "legacy"})
	_, err = f.open("legacy")
	require.ErrorContains(t, err, filepath.Join(empty, "gone-legacy"))
}

func TestGroupsOnDemandSayHowTheyAreInstalled(t *testing.T) {
	t.Setenv("CALF_ASSETS", filepath.Join(t.TempDir(), "none"))
	for _, group := range []string{"legacy-16", "legacy-17"} {
		_, err := OpenGroup(group)
		require.ErrorIs(t, err, ErrAssetsMissing)
		require.ErrorContains(t, err, "the group "+group+" is not installed: run `calf assets install --legacy`")
	}
	_, err := Open()
	require.ErrorContains(t, err, "the guest is not installed: run `calf assets install`")
	require.Equal(t, ErrOutdated, ofGroup("guest", ErrOutdated))
	require.EqualError(t, ofGroup("legacy-17", ErrOutdated),
		"the group legacy-17 was installed for another release of calf: run `calf assets install --legacy`")
}

func TestOpenWithoutHome(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	f := finderFor(w, t)
	f.cacheDir = func() (string, error) { return "", errors.New("$HOME is not defined") }
	_, err := f.open("guest")
	require.ErrorIs(t, err, ErrAssetsMissing)
	require.ErrorContains(t, err, "$CALF_ASSETS")
}

func TestOpenSeesReinstallation(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	w.install(t)
	f := finderFor(w, t)
	f.getenv = func(string) string { return w.dir }
	before, err := f.open("guest")
	require.NoError(t, err)
	derive(func(dst string) ([]DerivedFile, error) {
		return []DerivedFile{{Name: "x", Key: "1"}}, os.WriteFile(filepath.Join(dst, "x"), nil, 0o644)
	})(w)
	w.install(t)
	after, err := f.open("guest")
	require.NoError(t, err)
	require.NotSame(t, before, after)
	_, ok, err := after.Derived("x", "1")
	require.NoError(t, err)
	require.True(t, ok)
}

// What a folder or a program holds is either right, or refused with the right error.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	edit := func(from, to string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			path := filepath.Join(dir, lock.ManifestName)
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(raw), from)
			require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(raw), from, to)), 0o644))
		}
	}
	digest := fakeLock("given").Groups[0].Digest()
	tests := map[string]struct {
		spoil func(t *testing.T, dir string)
		is    error
		want  string
	}{
		"nothing":            {func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) }, ErrAssetsMissing, "calf assets install"},
		"no manifest":        {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, lock.ManifestName))) }, ErrAssetsMissing, ""},
		"another lock":       {edit(digest, strings.Repeat("ab", 32)), ErrOutdated, "its lock is abababababab, this release's is " + digest[:12]},
		"another format":     {edit(`"format": 1`, `"format": 2`), ErrOutdated, "calf assets install"},
		"unknown group":      {edit(`"group": "guest"`, `"group": "x"`), ErrOutdated, `"x"`},
		"broken manifest":    {edit(`{`, `[`), ErrCorruptAsset, "manifest.json"},
		"edited hash":        {edit(lock.Sum([]byte("passwordbki")), lock.Sum(nil)), ErrCorruptAsset, "pglite.data: 11 bytes"},
		"edited size":        {edit(`"size": 5000`, `"size": 5001`), ErrCorruptAsset, "pglite.wasm: 5001 bytes"},
		"edited name":        {edit(`"pglite.wasm"`, `"pglite.wasn"`), ErrCorruptAsset, "pglite.wasm is not listed"},
		"malformed derived":  {edit(`"derived": []`, `"derived": [{"name":"../x","key":"1"}]`), ErrCorruptAsset, "malformed name"},
		"negative derived":   {edit(`"derived": []`, `"derived": [{"name":"x","key":"1","size":-1}]`), ErrCorruptAsset, "derived file x"},
		"derived file twice": {edit(`"derived": []`, `"derived": [{"name":"x","key":"1"},{"name":"x","key":"2"}]`), ErrCorruptAsset, "out of order"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := given(t, nil)
			w.install(t)
			test.spoil(t, w.dir)
			_, err := openDir(w.lock, "", w.dir)
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "\n")
			_, err = openFS(w.lock, "", originFS, os.DirFS(w.dir))
			require.ErrorIs(t, err, test.is)

			// Installing again mends everything but another group's folder.
			if name != "no manifest" && name != "unknown group" && name != "broken manifest" {
				w.install(t)
				w.requireWhole(t)
			}
		})
	}
}

func TestReadFileRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(path string) error
		want  string
	}{
		"flipped byte": {func(p string) error { return os.WriteFile(p, []byte("passwordBKI"), 0o644) },
			"its sha256 is " + lock.Sum([]byte("passwordBKI")) + ", expected " + lock.Sum([]byte("passwordbki"))},
		"longer":   {func(p string) error { return os.WriteFile(p, []byte("passwordbki\n"), 0o644) }, "it has 12 bytes, expected 11"},
		"emptied":  {func(p string) error { return os.Truncate(p, 0) }, "it has 0 bytes, expected 11"},
		"gone":     {os.Remove, "corrupt asset: open "},
		"a folder": {func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) }, "not a regular file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := given(t, nil)
			w.install(t)
			require.NoError(t, test.spoil(filepath.Join(w.dir, "pglite.data")))
			for _, s := range sets(t, w) {
				_, err := s.ReadFile("pglite.data")
				require.ErrorIs(t, err, ErrCorruptAsset)
				requireLine(t, err, "assets: reading pglite.data: corrupt asset: ")
				if name != "gone" {
					requireLine(t, err, test.want)
				}
				_, err = s.Files()
				require.ErrorIs(t, err, ErrCorruptAsset)
				_, err = s.ReadFile("pglite.wasm")
				require.NoError(t, err, "the others are as good as before")
			}
		})
	}
}

// sets opens the world's installation in each way.
func sets(t *testing.T, w *world) map[string]*Set {
	t.Helper()
	inFS, err := openFS(w.lock, "", originFS, os.DirFS(w.dir))
	require.NoError(t, err)
	return map[string]*Set{"directory": w.open(t), "file system": inFS}
}

func TestSet(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	w.install(t)
	for name, s := range sets(t, w) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.ReadFile("no such")
			require.ErrorIs(t, err, fs.ErrNotExist)
			_, err = s.ReadFile(lock.ManifestName)
			require.ErrorIs(t, err, fs.ErrNotExist)

			index, err := s.Index()
			require.NoError(t, err)
			require.Equal(t, []IndexEntry{
				{"/home/postgres/.pgpass", 0, 8}, {"/pglite/share/postgresql/postgres.bki", 8, 11},
			}, index)

			files, err := s.Files()
			require.NoError(t, err)
			var listed []string
			for _, f := range files {
				listed = append(listed, f.Path+"="+string(f.Content))
				require.Equal(t, len(f.Content), cap(f.Content))
			}
			require.Equal(t, []string{
				"/home/postgres/.pgpass=password",
				"/pglite/share/postgresql/postgres.bki=bki",
				"/pglite/lib/postgresql/moddatetime.so=",
				"/pglite/lib/postgresql/refint.so=refint code",
				"/pglite/share/postgresql/extension/moddatetime.control=mm",
				"/pglite/share/postgresql/extension/refint.control=r",
				"/pglite/lib/postgresql/vector.so=vector code",
				"/pglite/share/postgresql/extension/vector.control=v",
			}, listed)

			bundles, err := s.Bundles()
			require.NoError(t, err)
			require.Len(t, bundles, 2)
			require.Equal(t, "spi", bundles[0].Name)
			require.Equal(t, []string{"moddatetime", "refint"}, bundles[0].Extensions)
			require.Equal(t, []string{"moddatetime", "refint"}, bundles[0].Libraries)
			vector, err := s.Bundle("vector")
			require.NoError(t, err)
			require.Equal(t, files[6:], vector.Files())
			gz, err := vector.Tarball()
			require.NoError(t, err)
			require.Equal(t, []byte{0x1f, 0x8b}, gz[:2])
			_, err = s.Bundle("moddatetime")
			require.ErrorIs(t, err, fs.ErrNotExist)

			info := s.Info()
			require.Equal(t, []Package{{"@given/engine", fakeVersion}, {"@given/extra", fakeVersion}}, info.Packages)
			require.Equal(t, w.group().Digest(), info.Lock)
			require.Len(t, info.Files, 7)
		})
	}
}

func TestFilesAreReadOnce(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	w.install(t)
	for _, s := range sets(t, w) {
		first, err := s.ReadFile("pglite.wasm")
		require.NoError(t, err)
		second, err := s.ReadFile("pglite.wasm")
		require.NoError(t, err)
		require.Same(t, &first[0], &second[0])
	}
}

func FuzzParseManifest(f *testing.F) {
	l := fakeLock("given")
	m := newManifest(l.Groups[0])
	m.Derived = []derivedFile{{DerivedFile: DerivedFile{Name: "x", Key: "1"}, Size: 1}}
	raw, err := m.encode()
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte(`{"group":"guest","lock":"","files":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		manifestGroup(raw)
		m, _, err := parseManifest(l, "", raw)
		if err != nil {
			return
		}
		for _, d := range m.Derived {
			require.True(t, fs.ValidPath(d.path()))
		}
	})
}
