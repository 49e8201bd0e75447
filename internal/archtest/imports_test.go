package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is calf's path.
const module = "github.com/calfdb/calf"

// systems are those whose files are looked at. Build constraints hide imports on others.
var systems = []string{"linux", "darwin", "windows", "freebsd"}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, goos := range systems {
		t.Run(goos, func(t *testing.T) {
			t.Parallel()
			for _, p := range list(t, goos) {
				for _, imported := range p.Imports {
					if why := forbidden(p.ImportPath, imported); why != "" {
						t.Errorf("%s imports %s: %s", p.ImportPath, imported, why)
					}
				}
			}
		})
	}
}

func TestForbidden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		why      string
	}{
		{"runtime", "assets", ""},
		{"runtime/internal/link", "runtime/vfs", ""},
		{"runtime", "pglite", "runtime may not import pglite"},
		{"wire", "runtime", "wire may not import runtime"},
		{"pglite", "wire", ""},
		{"pglite/presenter", "schema", ""},
		{"pglite/presenter/chat", "pglite", "pglite/presenter may not import pglite"},
		{"pglite/presenter", "runtime", "pglite/presenter may not import runtime"},
		{"conformance", "pglite", "conformance may not import pglite"},
		{"cmd/calf", "runtime/vfs", ""},
		{"cmd/calf", "examples/hello", "nobody may import examples"},
		{"pglite", "cmd/calf/internal/cli", "nobody may import cmd"},
		{"cmd/calf", "cmd/calf/internal/cli", ""},
		{"attic", "wire", "attic belongs to no room: add it to the table in rooms_test.go"},
		{"pglitex", "wire", "pglitex belongs to no room: add it to the table in rooms_test.go"},
	} {
		require.Equal(t, c.why, forbidden(module+"/"+c.from, module+"/"+c.to), "%s -> %s", c.from, c.to)
	}
	require.Empty(t, forbidden(module+"/runtime", "github.com/tetratelabs/wazero/api"))
	require.Empty(t, forbidden(module+"/wire", "net"))
	require.Equal(t, "only runtime may import github.com/tetratelabs/wazero",
		forbidden(module+"/pglite", "github.com/tetratelabs/wazero/api"))
	require.Equal(t, "nobody may import C", forbidden(module+"/runtime", "C"))
}

// forbidden says why one package may not import another, or nothing if it may.
func forbidden(from, to string) string {
	here := roomOf(from)
	if here == nil {
		return local(from) + " belongs to no room: add it to the table in rooms_test.go"
	}
	for _, c := range confined {
		if within(to, c.path) && !slices.Contains(c.to, here.path) {
			if len(c.to) == 0 {
				return "nobody may import " + c.path
			}
			return "only " + strings.Join(c.to, ", ") + " may import " + c.path
		}
	}
	if !within(to, module) {
		return ""
	}
	there := roomOf(to)
	switch {
	case there == nil:
		return local(to) + " belongs to no room: add it to the table in rooms_test.go"
	case here == there:
		return ""
	case slices.Contains(closed, there.path):
		return "nobody may import " + there.path
	case slices.Contains(here.may, anywhere), slices.Contains(here.may, there.path):
		return ""
	}
	return here.path + " may not import " + there.path
}

// roomOf returns the room that a package of calf belongs to, or nil.
func roomOf(path string) *room {
	var found *room
	for i := range rooms {
		if r := &rooms[i]; within(path, module+"/"+r.path) && (found == nil || len(r.path) > len(found.path)) {
			found = r
		}
	}
	return found
}

// within tells whether a path is another or below it.
func within(path, parent string) bool { return path == parent || strings.HasPrefix(path, parent+"/") }

// local is a package's path within the module.
func local(path string) string { return strings.TrimPrefix(path, module+"/") }

// A pkg is what `go list` says of a package.
type pkg struct {
	Dir, ImportPath, Name string
	Imports               []string
}

// list returns the packages of the module as a system sees them.
func list(t *testing.T, goos string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=Dir,ImportPath,Name,Imports", "./...")
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=1") // 1 shows files with import "C"
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}

// root is the folder of the module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "go.mod"))
	return dir
}
