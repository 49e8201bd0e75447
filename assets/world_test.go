package assets

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets/internal/layout"
	"github.com/calfdb/calf/assets/internal/lock"
	"github.com/calfdb/calf/assets/internal/npm"
	"github.com/calfdb/calf/assets/internal/tarball"
)

// The tests install small packages of their own. What a package holds depends on nothing but its name, so that the
// fake npm, which is another process, makes the same.

const fakeVersion = "1.2.3"

// entry is a file of a tarball.
type entry struct{ name, content string }

func pack(entries ...entry) []byte {
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	tw := tar.NewWriter(gz)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(e.content))}
		must(tw.WriteHeader(header))
		_, err := tw.Write([]byte(e.content))
		must(err)
	}
	must(tw.Close())
	must(gz.Close())
	return out.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// fakeFiles returns the files of a fake package.
func fakeFiles(name string) []entry {
	files := []entry{
		{"package/package.json", fmt.Sprintf(`{"name":%q,"version":%q}`, name, fakeVersion)},
		{"package/dist/unused.js", "unused"},
	}
	if strings.HasSuffix(name, "/extra") {
		return append(files, entry{"package/dist/vector.tar.gz", string(pack(
			entry{"share/postgresql/extension/vector.control", "v"},
			entry{"lib/postgresql/vector.so", "vector code"},
		))})
	}
	return append(files,
		entry{"package/dist/pglite.wasm", strings.Repeat("wasm ", 1000)},
		entry{"package/dist/pglite.data", "passwordbki"},
		entry{"package/dist/pglite.js", `var a={files:[1]};load({files:[{filename:"/home/postgres/.pgpass",start:0,end:8},` +
			`{filename:"/pglite/share/postgresql/postgres.bki",start:8,end:11}],remote_package_size:11})`},
		entry{"package/dist/spi.tar.gz", string(pack(
			entry{"./hidden", "not used"},
			entry{"share/postgresql/extension/refint.control", "r"},
			entry{"share/postgresql/extension/moddatetime.control", "mm"},
			entry{"lib/postgresql/refint.so", "refint code"},
			entry{"lib/postgresql/moddatetime.so", ""},
		))},
	)
}

func fakePackage(name string) []byte { return pack(fakeFiles(name)...) }

// fakeLock pins the packages as lockgen would.
func fakeLock(scope string) *lock.Lock {
	g := &lock.Group{Name: lock.DefaultGroup, Prefix: "/pglite"}
	stored, loaders := map[string][]byte{}, map[string][]byte{}
	for _, name := range []string{"@" + scope + "/engine", "@" + scope + "/extra"} {
		p := lock.Package{Name: name, Version: fakeVersion, Integrity: tarball.Integrity(fakePackage(name))}
		for _, e := range fakeFiles(name) {
			path := strings.TrimPrefix(e.name, "package/")
			f := lock.File{Path: path, Size: int64(len(e.content)), SHA256: lock.Sum([]byte(e.content))}
			switch base := filepath.Base(path); {
			case base == "pglite.js":
				f.IndexOf = "pglite.data"
				loaders[f.IndexOf] = []byte(e.content)
			case strings.HasSuffix(base, ".js"), strings.HasSuffix(base, ".json"):
				continue
			case strings.HasSuffix(base, ".tar.gz"):
				f.Name = "bundles/" + base
			default:
				f.Name = base
			}
			if f.Name != "" {
				stored[f.Name] = []byte(e.content)
			}
			p.Files = append(p.Files, f)
		}
		g.Packages = append(g.Packages, p)
	}
	made, err := layout.Make(context.Background(), g, stored, loaders)
	must(err)
	for name, content := range made {
		g.Made = append(g.Made, lock.File{Name: name, Size: int64(len(content)), SHA256: lock.Sum(content)})
	}
	slices.SortFunc(g.Made, func(a, b lock.File) int { return strings.Compare(a.Name, b.Name) })
	l := &lock.Lock{Groups: []*lock.Group{g}}
	must(l.Validate())
	return l
}

// world is a destination and what can be installed there.
type world struct {
	lock *lock.Lock
	// parent holds the destination and nothing else.
	parent, dir string
	config      InstallConfig
}

// setup returns a world whose npm is the test binary, which behaves as scope says (see fakeNPM).
func setup(t testing.TB, scope string) *world {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	w := &world{lock: fakeLock(scope), parent: t.TempDir()}
	w.dir = filepath.Join(w.parent, "guest")
	w.config = InstallConfig{Dir: w.dir, lock: w.lock, npm: npm.Client{Path: self}}
	return w
}

// given returns a world that installs from tarballs on disk, which change may alter.
func given(t testing.TB, change func(name string, pkg []byte) []byte) *world {
	t.Helper()
	w := setup(t, "given")
	files := t.TempDir()
	for i, p := range w.lock.Groups[0].Packages {
		pkg := fakePackage(p.Name)
		if change != nil {
			pkg = change(p.Name, pkg)
		}
		path := filepath.Join(files, fmt.Sprintf("%d.tgz", i))
		require.NoError(t, os.WriteFile(path, pkg, 0o644))
		w.config.From = append(w.config.From, path)
	}
	return w
}

func (w *world) group() *lock.Group { return w.lock.Groups[0] }

func (w *world) install(t testing.TB) {
	t.Helper()
	dir, err := Install(t.Context(), w.config)
	require.NoError(t, err)
	require.Equal(t, w.dir, dir)
}

func (w *world) open(t testing.TB) *Set {
	t.Helper()
	s, err := openDir(w.lock, "", w.dir)
	require.NoError(t, err)
	return s
}

// requireWhole proves that the destination holds everything, and that nothing lies beside it.
func (w *world) requireWhole(t testing.TB) {
	t.Helper()
	w.requireClean(t, "guest")
	requireReadable(t, w.open(t))
}

// requireClean proves that the parent folder holds only the names.
func (w *world) requireClean(t testing.TB, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(w.parent)
	require.NoError(t, err)
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	require.Equal(t, names, found)
}

// requireReadable reads every file of a set.
func requireReadable(t testing.TB, s *Set) {
	t.Helper()
	for _, f := range s.Info().Files {
		if f.Key == "" {
			data, err := s.ReadFile(f.Name)
			require.NoError(t, err)
			require.Len(t, data, int(f.Size))
			continue
		}
		_, ok, err := s.Derived(strings.TrimPrefix(f.Name, "derived/"), f.Key)
		require.NoError(t, err)
		require.True(t, ok)
	}
	files, err := s.Files()
	require.NoError(t, err)
	require.NotEmpty(t, files)
}

// requireLine checks the form of every error of this package.
func requireLine(t testing.TB, err error, contains ...string) {
	t.Helper()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\n")
	require.Truef(t, strings.HasPrefix(err.Error(), "assets: "), "error %q", err)
	for _, c := range contains {
		require.ErrorContains(t, err, c)
	}
}
