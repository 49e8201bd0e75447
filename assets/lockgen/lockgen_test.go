package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets/internal/lock"
)

// The committed lock is what the pinned packages give, to the byte.
func TestLockIsWhatThePackagesGive(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("CALF_TEST_NPM_TARBALLS")
	if dir == "" {
		t.Skip("$CALF_TEST_NPM_TARBALLS does not name a folder with the pinned packages' tarballs, and tests need no" +
			" network; `go run ./assets/lockgen -check` does the same with npm")
	}
	raw, err := os.ReadFile("../lock.json")
	require.NoError(t, err)
	all, err := lock.Decode(raw)
	require.NoError(t, err)
	for _, g := range all.Groups {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(filepath.Join(dir, "legacy")); err != nil && g.Name != lock.DefaultGroup {
				t.Skip("the packages of earlier versions are not there: `make tarballs` fetches them")
			}
			one, err := (&lock.Lock{Groups: []*lock.Group{g}}).Encode()
			require.NoError(t, err)
			file := filepath.Join(t.TempDir(), "lock.json")
			require.NoError(t, os.WriteFile(file, one, 0o600))
			require.NoError(t, run(t.Context(), file, dir, g.Name, true, nil))
		})
	}
}

func pack(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	tw := tar.NewWriter(gz)
	for name, content := range files {
		require.NoError(t, tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}))
		_, err := tw.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, tw.Close())
	require.NoError(t, gz.Close())
	return out.Bytes()
}

// setup returns the path of a lock that lacks all that can be generated, and a folder with tarballs of two versions.
func setup(t *testing.T) (file, from string) {
	t.Helper()
	dir := t.TempDir()
	for _, version := range []string{"1.0.0", "2.0.0"} {
		pkg := pack(t, map[string]string{
			"package/package.json":       fmt.Sprintf(`{"name":"@x/engine","version":%q}`, version),
			"package/LICENSE":            "free",
			"package/dist/engine.wasm":   "wasm of " + version,
			"package/dist/engine.data":   "data",
			"package/dist/engine.js":     `x({files:[{filename:"/a",start:0,end:4}],remote_package_size:4})`,
			"package/dist/lo.tar.gz":     string(pack(t, map[string]string{"lib/postgresql/lo.so": "lo"})),
			"package/dist/readme.txt":    "not used",
			"package/dist/deep/x.tar.gz": "not used",
		})
		require.NoError(t, os.WriteFile(filepath.Join(dir, version+".tgz"), pkg, 0o644))
	}
	file = filepath.Join(dir, "lock.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"groups":[{"name":"guest","prefix":"/pglite","packages":[
		{"name":"@x/engine","version":"1.0.0","use":["LICENSE","dist/engine.*","dist/*.tar.gz"]}]}]}`), 0o644))
	return file, dir
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	file, from := setup(t)
	require.ErrorContains(t, run(t.Context(), file, from, "guest", true, nil), "is not what the packages give")
	require.NoError(t, run(t.Context(), file, from, "guest", false, nil))
	require.NoError(t, run(t.Context(), file, from, "guest", true, nil))

	data, err := os.ReadFile(file)
	require.NoError(t, err)
	l, err := lock.Parse(data)
	require.NoError(t, err)
	var names []string
	for _, f := range l.Groups[0].Stored() {
		names = append(names, f.Name)
	}
	require.Equal(t, []string{
		"bundles/lo.tar.gz", "engine.data", "engine.index.json", "engine.wasm", "extensions.data", "extensions.json",
		"licenses/x-engine.txt",
	}, names)

	require.NoError(t, run(t.Context(), file, from, "guest", false, []string{"@x/engine@2.0.0"}))
	data, err = os.ReadFile(file)
	require.NoError(t, err)
	next, err := lock.Parse(data)
	require.NoError(t, err)
	require.Equal(t, "2.0.0", next.Groups[0].Packages[0].Version)
	require.NotEqual(t, l.Groups[0].Digest(), next.Groups[0].Digest())
}

func TestGenerateRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		group, spec, want string
	}{
		"no version":      {"guest", "@x/engine", "is not package@version"},
		"unknown package": {"guest", "@x/other@1.0.0", "has no package @x/other"},
		"unknown group":   {"legacy", "@x/engine@1.0.0", `no group "legacy"`},
		"no tarball":      {"guest", "@x/engine@3.0.0", "its tarball is not in"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, from := setup(t)
			before, err := os.ReadFile(file)
			require.NoError(t, err)
			require.ErrorContains(t, run(t.Context(), file, from, test.group, false, []string{test.spec}), test.want)
			after, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, before, after)
		})
	}
}

func TestPinRefuses(t *testing.T) {
	t.Parallel()
	pkg := pack(t, map[string]string{"package/package.json": `{"name":"x","version":"1.0.0"}`})
	nothing := map[string][]byte{}
	err := pin(context.Background(), &lock.Package{Name: "x", Version: "2.0.0"}, pkg, nothing, nothing)
	require.ErrorContains(t, err, "the tarball is x@1.0.0")
	err = pin(context.Background(), &lock.Package{Name: "x", Version: "1.0.0", Use: []string{"*.wasm"}}, pkg, nothing, nothing)
	require.ErrorContains(t, err, "no file matches *.wasm")
}
