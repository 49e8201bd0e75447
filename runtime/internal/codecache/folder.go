package codecache

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"

	"github.com/tetratelabs/wazero"
)

// wazeroVersion is the version that go.mod asks for.
const wazeroVersion = "v1.12.0"

// folderPrefix is how the names of folders begin.
const folderPrefix = "wazero-"

// folderName names the folder of what depends on all that is not in a module:
// the compiler, and for what it compiles.
func folderName() string {
	file, _ := runtime.FuncForPC(reflect.ValueOf(wazero.NewRuntime).Pointer()).FileLine(0)
	return folderPrefix + strings.Join([]string{compiler(file), runtime.GOOS, runtime.GOARCH, cmp.Or(cpuFeatures(), "plain")}, "-")
}

// compiler identifies the compiler by the path of its source, which every
// binary has: test binaries, too, which do not know the versions of modules. A
// program may have another wazero than the one that calf asks for.
func compiler(file string) string {
	dir := path.Dir(filepath.ToSlash(file))
	switch owner, module := path.Base(path.Dir(dir)), path.Base(dir); {
	case !strings.Contains(module, "@"):
	case strings.HasPrefix(module, "wazero@") && owner == "tetratelabs":
		return strings.TrimPrefix(module, "wazero@")
	default:
		return owner + "-" + module
	}
	if strings.HasSuffix(dir, "/vendor/github.com/tetratelabs/wazero") {
		return wazeroVersion
	}
	return fmt.Sprintf("local-%x", sha256.Sum256([]byte(dir)))[:len("local-")+8]
}
