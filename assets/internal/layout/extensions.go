package layout

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/calfdb/calf/assets/internal/tarball"
)

// Extensions is the content of extensions.json: what the bundles provide, and where their files lie in
// extensions.data.
type Extensions struct {
	Bundles []Bundle `json:"bundles"`
}

// Bundle describes one extension bundle.
type Bundle struct {
	Name string `json:"name"`
	// Extensions are the names that CREATE EXTENSION takes.
	Extensions []string `json:"extensions"`
	// Libraries are the names that LOAD takes, which are the .so files without their ending.
	Libraries []string `json:"libraries"`
	Files     []Span   `json:"files"`
}

// PackExtensions lays the bundles' files out one after the other. Names of the files begin with prefix.
func PackExtensions(prefix string, bundles map[string][]tarball.File) (Extensions, []byte, error) {
	var (
		ext   = Extensions{Bundles: []Bundle{}}
		data  = []byte{}
		owner = map[string]string{}
	)
	names := make([]string, 0, len(bundles))
	for name := range bundles {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b := Bundle{Name: name, Extensions: []string{}, Libraries: []string{}, Files: []Span{}}
		for _, f := range bundles[name] {
			if other, ok := owner[f.Name]; ok {
				return ext, nil, fmt.Errorf("bundles %s and %s both hold %s", other, name, f.Name)
			}
			owner[f.Name] = name
			start := int64(len(data))
			data = append(data, f.Content...)
			b.Files = append(b.Files, Span{Name: path.Join(prefix, f.Name), Start: start, End: int64(len(data))})
			if x, ok := within(f.Name, "share/postgresql/extension/", ".control"); ok {
				b.Extensions = append(b.Extensions, x)
			}
			if lib, ok := within(f.Name, "lib/postgresql/", ".so"); ok {
				b.Libraries = append(b.Libraries, lib)
			}
		}
		ext.Bundles = append(ext.Bundles, b)
	}
	return ext, data, ext.Check(int64(len(data)))
}

func within(name, folder, ending string) (string, bool) {
	rest, inside := strings.CutPrefix(name, folder)
	base, ends := strings.CutSuffix(rest, ending)
	return base, inside && ends && base != "" && !strings.Contains(base, "/")
}

// ParseExtensions decodes extensions.json and checks it against the size of extensions.data.
func ParseExtensions(data []byte, size int64) (Extensions, error) {
	var ext Extensions
	if err := json.Unmarshal(data, &ext); err != nil {
		return ext, fmt.Errorf("decoding the extension index: %w", err)
	}
	return ext, ext.Check(size)
}

// Check verifies the spans of all bundles together.
func (e Extensions) Check(size int64) error {
	var all []Span
	for _, b := range e.Bundles {
		all = append(all, b.Files...)
	}
	return Check(all, size)
}
