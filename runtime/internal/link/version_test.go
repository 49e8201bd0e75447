package link

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersionIsThatOfTheCode(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	sum := sha256.New()
	for _, name := range files { // in order of their names
		if strings.HasSuffix(name, "_test.go") || name == "version.go" {
			continue
		}
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		sum.Write([]byte(name + "\x00"))
		sum.Write(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")))
	}
	require.Equal(t, hex.EncodeToString(sum.Sum(nil)[:8]), Version, "the linker has changed: set Version in version.go to this")
}
