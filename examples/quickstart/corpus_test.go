package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeRoot makes a GOROOT with two small packages, and some that do not count.
func fakeRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"src/color/color.go": `// Package color names colors.
package color

// Red and Green are colors.
const (
	Red = iota
	Green
)

// ErrColor says that there is no such color.
var ErrColor error

// Name returns the name of a color.
func Name(c int) string { return "" }

// A Palette is a set of colors.
type Palette struct{}

// NewPalette makes a palette of the colors red, green and blue.
func NewPalette() *Palette { return nil }

// Mix mixes all colors into one.
func (*Palette) Mix() int { return 0 }

func Undocumented() {}

// hidden is not exported.
func hidden() {}
`,
		"src/color/color_test.go":        "package color\n\n// Testing is not part of it.\nfunc Testing() {}\n",
		"src/color/internal/x/x.go":      "// Package x is internal.\npackage x\n",
		"src/cmd/tool/main.go":           "// Tool is a command.\npackage main\n",
		"src/deep/er/other_plan9.go":     "// Package er is for another system.\npackage er\n",
		"src/deep/sea/sea.go":            "// Package sea holds water.\npackage sea\n",
		"src/vendor/example.org/v/v.go":  "// Package v is vendored.\npackage v\n",
		"src/deep/testdata/broken/no.go": "this is not Go",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return root
}

func TestReadCorpus(t *testing.T) {
	t.Parallel()
	all, err := readCorpus(fakeRoot(t))
	require.NoError(t, err)
	var names []string
	for _, d := range all {
		names = append(names, d.kind+" "+answer{Package: d.pkg, Symbol: d.symbol}.name())
		require.NotEmpty(t, d.doc)
	}
	require.Equal(t, []string{
		"package color", "const color.Red", "var color.ErrColor", "func color.Name", "type color.Palette",
		"func color.NewPalette", "method color.Palette.Mix", "package deep/sea",
	}, names)
}

func TestReadCorpusWithoutSources(t *testing.T) {
	t.Parallel()
	_, err := readCorpus(t.TempDir())
	require.ErrorContains(t, err, "reading the standard library")
	empty := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(empty, "src"), 0o755))
	_, err = readCorpus(empty)
	require.ErrorContains(t, err, "there is none in")
}

func TestRealCorpus(t *testing.T) {
	t.Parallel()
	root, err := goroot(t.Context())
	require.NoError(t, err)
	all, err := readCorpus(root)
	require.NoError(t, err)
	require.Greater(t, len(all), 3000)
}
