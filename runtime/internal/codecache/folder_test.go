package codecache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

func TestCompiler(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"module":   {"/home/me/go/pkg/mod/github.com/tetratelabs/wazero@v1.12.0/runtime.go", "v1.12.0"},
		"trimmed":  {"github.com/tetratelabs/wazero@v1.13.0-pre.1/runtime.go", "v1.13.0-pre.1"},
		"fork":     {"/go/pkg/mod/github.com/me/wazero@v1.12.0/runtime.go", "me-wazero@v1.12.0"},
		"vendored": {"/src/app/vendor/github.com/tetratelabs/wazero/runtime.go", wazeroVersion},
		"replaced": {"/src/wazero/runtime.go", "local-44954b45"},
		"another":  {"/src/other/runtime.go", "local-6c734bce"},
		"unknown":  {"?", "local-cdb4ee2a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, compiler(c.file))
		})
	}
}

// The version is that of go.mod, and that of the wazero in this binary.
func TestWazeroVersion(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile(filepath.Join("..", "..", "..", "go.mod"))
	require.NoError(t, err)
	found := regexp.MustCompile(`github.com/tetratelabs/wazero (v\S+)`).FindSubmatch(mod)
	require.NotNil(t, found)
	require.Equal(t, wazeroVersion, string(found[1]))
	file, _ := runtime.FuncForPC(reflect.ValueOf(wazero.NewRuntime).Pointer()).FileLine(0)
	require.Equal(t, wazeroVersion, compiler(file))
}

// The folder's name has all that wazero's name for a file has: should it look
// at more, the names differ.
func TestCPUFeatures(t *testing.T) {
	t.Parallel()
	needCompiler(t)
	var raw uint64
	for i, name := range map[string][]string{"amd64": {"sse41", "bmi1", "abm"}, "arm64": {"atomics"}}[runtime.GOARCH] {
		if strings.Contains(cpuFeatures(), name) {
			raw |= 1 << i
		}
	}
	dir := t.TempDir()
	wasm := program(1, 1)
	use(t, dir, wasm, 1)
	id := sha256.Sum256(append(wasm, 0)) // the module, and no option of the runtime
	want := sha256.Sum256(binary.LittleEndian.AppendUint64(append(id[:], magic...), raw))
	e, err := open(entries(t, dir)[0])
	require.NoError(t, err)
	require.Equal(t, hex.EncodeToString(want[:]), e.name)
}
