package assets

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets/internal/lock"
	"github.com/calfdb/calf/assets/internal/tarball"
)

func TestInstallFromTarballs(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	var steps []Step
	w.config.Progress = func(s Step) { steps = append(steps, s) }
	w.install(t)
	w.requireWhole(t)

	require.Equal(t, Step{1, 6, "reading @given/engine@1.2.3"}, steps[0])
	require.Equal(t, 6, steps[len(steps)-1].Number)
	info, err := os.Stat(w.dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode().Perm()&0o755)
}

func TestInstallWithNPM(t *testing.T) {
	t.Parallel()
	w := setup(t, "good")
	w.install(t)
	w.requireWhole(t)
}

func TestInstallReplaces(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	require.NoError(t, os.MkdirAll(w.dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, readme), []byte("mine"), 0o644))
	w.install(t)
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "pglite.wasm"), []byte("broken"), 0o644))
	w.install(t)
	w.requireWhole(t)
	text, err := os.ReadFile(filepath.Join(w.dir, readme))
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
}

func TestInstallRefusesForeignFolder(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, content, want string }{
		"other files":      {"thesis.doc", "x", "holds thesis.doc and is not an installation"},
		"other manifest":   {"manifest.json", `{"name":"a web app"}`, "manifest.json is not one of an installation"},
		"another group":    {"manifest.json", `{"group":"other","lock":"ab"}`, "holds the group other"},
		"another encoding": {"manifest.json", `<xml>`, "manifest.json is not one of an installation"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := given(t, nil)
			require.NoError(t, os.MkdirAll(w.dir, 0o755))
			path := filepath.Join(w.dir, test.file)
			require.NoError(t, os.WriteFile(path, []byte(test.content), 0o644))
			_, err := Install(t.Context(), w.config)
			requireLine(t, err, test.want)
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, test.content, string(content))
			w.requireClean(t, "guest")
		})
	}
}

// Each way to fail leaves an earlier installation as it was, and nothing else.
func TestInstallFailures(t *testing.T) {
	t.Parallel()
	only := func(suffix string, change func([]byte) []byte) func(string, []byte) []byte {
		return func(name string, pkg []byte) []byte {
			if strings.HasSuffix(name, suffix) {
				return change(pkg)
			}
			return pkg
		}
	}
	// repin makes the lock agree with the tarball, so that what is inside comes to light.
	repin := func(w *world) {
		for i, path := range w.config.From {
			pkg, err := os.ReadFile(path)
			must(err)
			w.group().Packages[i].Integrity = tarball.Integrity(pkg)
		}
	}
	without := func(drop string, add ...entry) func([]byte) []byte {
		return func([]byte) []byte {
			var kept []entry
			for _, e := range fakeFiles("@given/engine") {
				if e.name != drop {
					kept = append(kept, e)
				}
			}
			return pack(append(kept, add...)...)
		}
	}
	const wasm = "package/dist/pglite.wasm"
	tests := map[string]struct {
		change  func(name string, pkg []byte) []byte
		prepare func(*world)
		corrupt bool
		want    []string
	}{
		"flipped bit in tarball": {
			change:  only("/extra", func(p []byte) []byte { p[len(p)-1] ^= 1; return p }),
			corrupt: true, want: []string{"1.tgz", "the hash of @given/extra@1.2.3 is sha512-", ", expected sha512-"},
		},
		"truncated tarball": {
			change:  only("/engine", func(p []byte) []byte { return p[:len(p)/2] }),
			corrupt: true, want: []string{"0.tgz", "broken or truncated"},
		},
		"truncated tarball with that hash": {
			change: only("/engine", func(p []byte) []byte { return p[:len(p)/2] }), prepare: repin,
			want: []string{"@given/engine@1.2.3: it is broken or truncated: unexpected EOF"},
		},
		"not a tarball": {
			change:  only("/engine", func([]byte) []byte { return []byte("<html>") }),
			corrupt: true, want: []string{"0.tgz", "broken or truncated"},
		},
		"tarball of another version": {
			change: only("/engine", func([]byte) []byte {
				return pack(entry{"package/package.json", `{"name":"@given/engine","version":"1.0.0"}`})
			}),
			want: []string{`it is "@given/engine@1.0.0", expected @given/engine@1.2.3`},
		},
		"tarball of another package": {
			change: only("/extra", func([]byte) []byte {
				return pack(entry{"package/package.json", `{"name":"left-pad","version":"1.0.0"}`})
			}),
			want: []string{`it is "left-pad@1.0.0", which is not needed`},
		},
		"missing tarball": {
			prepare: func(w *world) { w.config.From = w.config.From[:1] },
			want:    []string{"@given/extra@1.2.3: its tarball is not among the 1 given ones"},
		},
		"no such tarball": {
			prepare: func(w *world) { w.config.From[0] += ".gone" },
			want:    []string{"0.tgz.gone", "no such file"},
		},
		"file with another hash": {
			change:  only("/engine", without(wasm, entry{wasm, strings.Repeat("WASM ", 1000)})),
			prepare: repin, corrupt: true, want: []string{"dist/pglite.wasm", "its sha256 is", "expected"},
		},
		"file with another size": {
			change:  only("/engine", without(wasm, entry{wasm, "short"})),
			prepare: repin, corrupt: true, want: []string{"dist/pglite.wasm", "it has 5 bytes, expected 5000"},
		},
		"missing file": {
			change: only("/engine", without(wasm)), prepare: repin,
			corrupt: true, want: []string{"the tarball has no dist/pglite.wasm"},
		},
		"file twice": {
			change:  only("/engine", without("", entry{wasm, strings.Repeat("wasm ", 1000)})),
			prepare: repin, want: []string{"it holds dist/pglite.wasm twice"},
		},
		"entry that leads upwards": {
			change:  only("/engine", without("", entry{"package/../../escaped", "x"})),
			prepare: repin, want: []string{"leads out of the tarball"},
		},
		"absolute entry": {
			change:  only("/engine", without("", entry{"/tmp/escaped", "x"})),
			prepare: repin, want: []string{"leads out of the tarball"},
		},
		"symbolic link in the place of a file": {
			change: only("/engine", func([]byte) []byte { return linkTo(wasm, "/etc/passwd") }), prepare: repin,
			want: []string{"is not a regular file"},
		},
		"made file that is not as pinned": {
			prepare: func(w *world) { w.group().Made[0].SHA256 = lock.Sum(nil) },
			corrupt: true, want: []string{"extensions.data", "its sha256 is"},
		},
		"disk full": {
			prepare: func(w *world) {
				w.config.write = func(path string, data []byte) error {
					if filepath.Base(path) == "pglite.wasm" {
						must(os.WriteFile(path, data[:10], 0o644))
						return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
					}
					return writeFile(path, data)
				}
			},
			want: []string{"pglite.wasm: write ", "no space left on device"},
		},
		"disk full at the end": {
			prepare: func(w *world) {
				w.config.write = func(path string, data []byte) error {
					if filepath.Base(path) == lock.ManifestName {
						return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
					}
					return writeFile(path, data)
				}
			},
			want: []string{"no space left on device"},
		},
		"derive function fails": {
			prepare: derive(func(string) ([]DerivedFile, error) { return nil, errors.New("wasm\ntrap\r\n") }),
			want:    []string{"derived files: wasm; trap"},
		},
		"derived file not listed": {
			prepare: derive(func(dst string) ([]DerivedFile, error) {
				return nil, os.WriteFile(filepath.Join(dst, "x"), nil, 0o644)
			}),
			want: []string{"x is there, but not listed"},
		},
		"derived file not written": {
			prepare: derive(func(string) ([]DerivedFile, error) { return []DerivedFile{{Name: "x", Key: "1"}}, nil }),
			want:    []string{"x: lstat ", "no such file"},
		},
		"derived file outside": {
			prepare: derive(func(string) ([]DerivedFile, error) {
				return []DerivedFile{{Name: "../pglite.wasm", Key: "1"}}, nil
			}),
			want: []string{`malformed name "../pglite.wasm"`},
		},
		"derived file without a key": {
			prepare: derive(func(string) ([]DerivedFile, error) { return []DerivedFile{{Name: "x"}}, nil }),
			want:    []string{"x has no key"},
		},
		"unknown group": {
			prepare: func(w *world) { w.config.Group = "legacy" },
			want:    []string{`no group "legacy" (there is guest)`},
		},
	}
	for name, test := range tests {
		for _, before := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", installed before"}[before], func(t *testing.T) {
				t.Parallel()
				w := given(t, test.change)
				if before {
					good := given(t, nil)
					good.config.Dir = w.dir
					_, err := Install(t.Context(), good.config)
					require.NoError(t, err)
				}
				installed := fakeLock("given")
				if test.prepare != nil {
					test.prepare(w)
				}
				_, err := Install(t.Context(), w.config)
				requireLine(t, err, test.want...)
				require.Equal(t, test.corrupt, errors.Is(err, ErrCorruptAsset))
				w.lock = installed
				if before {
					w.requireWhole(t)
				} else {
					w.requireClean(t)
				}
			})
		}
	}
}

func derive(make func(dst string) ([]DerivedFile, error)) func(*world) {
	return func(w *world) {
		w.config.Derive = func(_ context.Context, _ *Set, dst string) ([]DerivedFile, error) { return make(dst) }
	}
}

func linkTo(name, target string) []byte {
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	tw := tar.NewWriter(gz)
	must(tw.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target}))
	must(tw.Close())
	must(gz.Close())
	return out.Bytes()
}

func TestInstallWhenNPMFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ scope, want string }{
		"no network":        {"offline", "npm pack: network request to https://packages.invalid failed[0m, no such host"},
		"no message":        {"mute", "npm pack: exit status 7"},
		"not npm's message": {"strange", "npm pack: Fatal: cannot start"},
		"other tarball":     {"tampered", "corrupt asset: the tarball's hash is sha512-"},
		"truncated tarball": {"truncated", "corrupt asset: the tarball's hash is sha512-"},
		"no tarball":        {"nothing", "npm pack left 0 tarballs"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, test.scope)
			_, err := Install(t.Context(), w.config)
			requireLine(t, err, "assets: installing @"+test.scope+"/engine@1.2.3: "+test.want)
			w.requireClean(t)
		})
	}
}

func TestInstallWithoutNPM(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	w := setup(t, "good")
	w.config.npm.Path = ""
	_, err := Install(t.Context(), w.config)
	requireLine(t, err, "npm is not in PATH", "--from")
	w.requireClean(t)
}

func TestInstallWithNPMInPath(t *testing.T) {
	w := setup(t, "good")
	bin := t.TempDir()
	if err := os.Symlink(w.config.npm.Path, filepath.Join(bin, "npm")); err != nil {
		t.Skip("this system does not let the test make a symbolic link: ", err)
	}
	t.Setenv("PATH", bin)
	w.config.npm.Path = ""
	w.install(t)
	w.requireWhole(t)
}

func TestInstallCancelled(t *testing.T) {
	t.Parallel()
	t.Run("while npm runs", func(t *testing.T) {
		t.Parallel()
		w := setup(t, "hanging")
		requireCancelled(t, w, "fetching @hanging/extra@1.2.3")
	})
	for _, step := range []string{
		"reading @given/engine@1.2.3", "unpacking @given/extra@1.2.3", "unpacking the extension bundles",
		"deriving files", "putting everything in place",
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			w := given(t, nil)
			derive(func(dst string) ([]DerivedFile, error) {
				return []DerivedFile{{Name: "x", Key: "1"}}, os.WriteFile(filepath.Join(dst, "x"), nil, 0o644)
			})(w)
			requireCancelled(t, w, step)
		})
	}
}

func requireCancelled(t *testing.T, w *world, at string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.config.Progress = func(s Step) {
		if s.Doing == at {
			cancel()
		}
	}
	_, err := Install(ctx, w.config)
	require.ErrorIs(t, err, context.Canceled)
	requireLine(t, err)
	w.requireClean(t)
}

func TestInstallDerives(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	w.config.Derive = func(_ context.Context, set *Set, dst string) ([]DerivedFile, error) {
		wasm, err := set.ReadFile("pglite.wasm")
		must(err)
		must(os.MkdirAll(filepath.Join(dst, "cache"), 0o755))
		must(os.WriteFile(filepath.Join(dst, "linked.wasm"), bytes.ToUpper(wasm), 0o644))
		must(os.WriteFile(filepath.Join(dst, "cache", "code"), nil, 0o644))
		return []DerivedFile{{Name: "linked.wasm", Key: "linker 1"}, {Name: "cache/code", Key: "amd64", Local: true}}, nil
	}
	w.install(t)
	w.requireWhole(t)

	s := w.open(t)
	data, ok, err := s.Derived("linked.wasm", "linker 1")
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, bytes.HasPrefix(data, []byte("WASM WASM")))
	for _, key := range []string{"linker 2", ""} {
		_, ok, err = s.Derived("linked.wasm", key)
		require.NoError(t, err)
		require.False(t, ok)
	}
	_, ok, err = s.Derived("other", "linker 1")
	require.NoError(t, err)
	require.False(t, ok)

	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "derived", "linked.wasm"), bytes.ToLower(data), 0o644))
	_, _, err = w.open(t).Derived("linked.wasm", "linker 1")
	require.ErrorIs(t, err, ErrCorruptAsset)
	requireLine(t, err, "assets: reading derived linked.wasm: ")
}

// Installations run side by side, and readers look on. Nobody ever sees anything but a whole one.
func TestHammerConcurrentInstalls(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	w.install(t)
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	stop := make(chan struct{})
	var readers, installers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s, err := openDir(w.lock, "", w.dir)
				if err == nil {
					_, err = s.Files()
				}
				if err != nil {
					t.Error("while others install:", err)
					return
				}
			}
		})
	}
	for range 4 {
		installers.Go(func() {
			for range rounds {
				if _, err := Install(t.Context(), w.config); err != nil {
					t.Error(err)
				}
			}
		})
	}
	installers.Wait()
	close(stop)
	readers.Wait()
	w.requireWhole(t)
}

// A set that was opened before its folder was replaced goes on.
func TestSetOutlivesReplacement(t *testing.T) {
	t.Parallel()
	w := given(t, nil)
	key := "1"
	w.config.Derive = func(_ context.Context, _ *Set, dst string) ([]DerivedFile, error) {
		return []DerivedFile{{Name: "x", Key: key}}, os.WriteFile(filepath.Join(dst, "x"), []byte("made with "+key), 0o644)
	}
	w.install(t)
	s := w.open(t)
	key = "2"
	w.install(t)
	_, err := s.Files()
	require.NoError(t, err)
	data, ok, err := s.Derived("x", "1")
	require.NoError(t, err)
	require.False(t, ok, "%s", data)
	data, ok, err = s.Derived("x", "2")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "made with 2", string(data))
}
