package archtest

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets"
)

// pages are the documents whose code and links are checked.
var pages = []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}

// A snippet is a block of Go in a page, under a comment that names the file it is from:
//
//	<!-- examples/hello/main.go -->
//	```go
var snippet = regexp.MustCompile("(?m)^(?:<!-- (\\S+) -->\n)?```go\n((?s).*?)^```$")

// TestSnippetsAreFromExamples checks that each block of Go stands, line for line, in the file that is named above it. The
// file is compiled with the rest, and its package has a test that runs it.
func TestSnippetsAreFromExamples(t *testing.T) {
	t.Parallel()
	for _, page := range pages {
		for _, m := range snippet.FindAllStringSubmatch(read(t, page), -1) {
			file, code := m[1], m[2]
			if file == "" {
				t.Errorf("%s: no comment names the file that this is from:\n%s", page, code)
				continue
			}
			require.Contains(t, unindented(read(t, file)), unindented(code), "%s: not in %s", page, file)
			tests, err := filepath.Glob(filepath.Join(root(t), filepath.Dir(file), "*_test.go"))
			require.NoError(t, err)
			require.NotEmpty(t, tests, "%s: nothing tests %s", page, file)
		}
	}
	require.NotEmpty(t, snippet.FindString(read(t, "README.md")))
}

// unindented is a text without the spaces at the beginning of its lines.
func unindented(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimLeft(l, "\t ")
	}
	return strings.Join(lines, "\n")
}

var (
	link   = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	target = regexp.MustCompile("(?m)(?:^|`)make ([a-z][a-z-]*)")
)

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, page := range pages {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			_, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(m[1])))
			require.NoError(t, err, "%s links to %s", page, m[1])
		}
	}
}

func TestMakeTargetsExist(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	for _, page := range pages {
		for _, m := range target.FindAllStringSubmatch(read(t, page), -1) {
			require.Regexp(t, `(?m)^`+m[1]+`:.*## `, makefile, "%s has `make %s`", page, m[1])
		}
	}
}

// TestExtensionsAreListed checks that the README's list of extensions is that of the guest.
func TestExtensionsAreListed(t *testing.T) {
	t.Parallel()
	set, err := assets.Open()
	if errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	require.NoError(t, err)
	bundles, err := set.Bundles()
	require.NoError(t, err)
	var want []string
	for _, b := range bundles {
		want = append(want, b.Extensions...)
		if len(b.Extensions) == 0 {
			want = append(want, b.Libraries...)
		}
	}
	_, section, ok := strings.Cut(read(t, "README.md"), "\n## Extensions\n")
	require.True(t, ok, "README.md has no section Extensions")
	section, _, _ = strings.Cut(section, "\n## ")
	var got []string
	for _, l := range strings.Split(section, "\n") {
		if name, ok := strings.CutPrefix(l, "- "); ok {
			got = append(got, strings.Split(strings.ReplaceAll(strings.TrimSuffix(name, ","), "`", ""), ", ")...)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got)
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(file)))
	require.NoError(t, err)
	return string(b)
}
