package assets

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets/internal/lock"
)

func TestVendor(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	w.config.Derive = func(_ context.Context, _ *Set, dst string) ([]DerivedFile, error) {
		must(os.WriteFile(filepath.Join(dst, "linked"), []byte("linked"), 0o644))
		must(os.WriteFile(filepath.Join(dst, "cache"), []byte("machine code"), 0o644))
		return []DerivedFile{{Name: "linked", Key: "1"}, {Name: "cache", Key: "1", Local: true}}, nil
	}
	w.install(t)
	dst := filepath.Join(t.TempDir(), "my-guest")
	require.NoError(t, Vendor(dst, w.open(t)))

	source, err := os.ReadFile(filepath.Join(dst, "doc.go"))
	require.NoError(t, err)
	require.Contains(t, string(source), "\npackage myguest\n")
	require.Contains(t, string(source), "@given/engine@1.2.3")

	s, err := openFS(w.lock, "guest", OriginVendored, os.DirFS(dst))
	require.NoError(t, err)
	requireReadable(t, s)
	data, ok, err := s.Derived("linked", "1")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "linked", string(data))
	_, ok, err = s.Derived("cache", "1")
	require.NoError(t, err)
	require.False(t, ok)

	first, err := os.ReadFile(filepath.Join(dst, vendoredZip))
	require.NoError(t, err)
	require.NoError(t, Vendor(dst, s), "from what is vendored")
	second, err := os.ReadFile(filepath.Join(dst, vendoredZip))
	require.NoError(t, err)
	require.True(t, bytes.Equal(first, second))
	entries, err := os.ReadDir(dst)
	require.NoError(t, err)
	require.Len(t, entries, 2)

	require.NoError(t, os.WriteFile(filepath.Join(dst, vendoredZip), first[:len(first)/2], 0o644))
	_, err = openFS(w.lock, "guest", OriginVendored, os.DirFS(dst))
	require.ErrorIs(t, err, ErrCorruptAsset)
	require.NoError(t, os.WriteFile(filepath.Join(dst, vendoredZip), nil, 0o644))
	_, err = openFS(w.lock, "guest", OriginVendored, os.DirFS(dst))
	require.ErrorIs(t, err, ErrCorruptAsset)
}

func TestVendoredFileIsVerified(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	raw, err := newManifest(w.group()).encode()
	require.NoError(t, err)
	require.NoError(t, addToZip(z, lock.ManifestName, raw))
	require.NoError(t, addToZip(z, "pglite.data", []byte("passwordBKI")))
	require.NoError(t, z.Close())
	dst := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dst, vendoredZip), out.Bytes(), 0o644))
	s, err := openFS(w.lock, "guest", OriginVendored, os.DirFS(dst))
	require.NoError(t, err)
	_, err = s.ReadFile("pglite.data")
	requireLine(t, err, "its sha256 is")
	require.ErrorIs(t, err, ErrCorruptAsset)
}

func TestVendorRefuses(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	w.install(t)
	s := w.open(t)
	for _, name := range []string{"1st", "func", "main", "---"} {
		requireLine(t, Vendor(filepath.Join(t.TempDir(), name), s), "does not give a package name")
	}
	dst := filepath.Join(t.TempDir(), "guest")
	require.NoError(t, os.Mkdir(dst, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dst, "doc.go"), []byte("// Package guest is mine."), 0o644))
	requireLine(t, Vendor(dst, s), "doc.go that calf did not write")

	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "pglite.wasm"), []byte("x"), 0o644))
	dst = filepath.Join(t.TempDir(), "guest")
	err := Vendor(dst, w.open(t))
	require.ErrorIs(t, err, ErrCorruptAsset)
	requireLine(t, err, "pglite.wasm")
	entries, err := os.ReadDir(dst)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// A program that imports a vendored package has the guest inside, and needs nothing from its surroundings.
func TestVendoredProgram(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds a program")
	}
	s := realSet(t)
	module := t.TempDir()
	require.NoError(t, Vendor(filepath.Join(module, "guest"), s))
	calf, err := filepath.Abs("..")
	require.NoError(t, err)
	mod, err := os.ReadFile(filepath.Join(calf, "go.mod"))
	require.NoError(t, err)
	text := strings.Replace(string(mod), "module github.com/calfdb/calf", "module example.com/program", 1) +
		"\nrequire github.com/calfdb/calf v0.0.0\nreplace github.com/calfdb/calf => " + calf + "\n"
	sums, err := os.ReadFile(filepath.Join(calf, "go.sum"))
	require.NoError(t, err)
	for name, content := range map[string]string{"go.mod": text, "go.sum": string(sums), "main.go": vendoredProgram} {
		require.NoError(t, os.WriteFile(filepath.Join(module, name), []byte(content), 0o644))
	}
	program := filepath.Join(module, "program.exe")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = module
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod -buildvcs=false", "GOPROXY=off", "GOWORK=off")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	empty := t.TempDir()
	run := exec.Command(program)
	run.Dir = empty
	run.Env = []string{"HOME=" + empty, "XDG_CACHE_HOME=" + empty, "LocalAppData=" + empty}
	out, err = run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	wasm, err := s.ReadFile("pglite.wasm")
	require.NoError(t, err)
	require.Equal(t, "vendored package "+lock.Sum(wasm)+"\n", string(out))
	entries, err := os.ReadDir(empty)
	require.NoError(t, err)
	require.Empty(t, entries)
}

const vendoredProgram = `package main

import (
	"crypto/sha256"
	"fmt"
	"os"

	"github.com/calfdb/calf/assets"

	_ "example.com/program/guest"
)

func main() {
	set, err := assets.Open()
	if err == nil {
		_, err = set.Files()
	}
	if err == nil {
		var wasm []byte
		wasm, err = set.ReadFile("pglite.wasm")
		fmt.Printf("%s %x\n", set.Info().Origin, sha256.Sum256(wasm))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
`
