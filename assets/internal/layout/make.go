package layout

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/calfdb/calf/assets/internal/lock"
	"github.com/calfdb/calf/assets/internal/tarball"
)

// Names in an installation.
const (
	ExtensionsIndex = "extensions.json"
	ExtensionsData  = "extensions.data"
	bundleFolder    = "bundles/"
	bundleEnding    = ".tar.gz"
)

// BundleName returns the bundle that the stored file holds, or false if it is another kind of file.
func BundleName(stored string) (string, bool) {
	rest, inside := strings.CutPrefix(stored, bundleFolder)
	name, ends := strings.CutSuffix(rest, bundleEnding)
	return name, inside && ends && name != "" && !strings.Contains(name, "/")
}

// BundleFile is the stored name of a bundle.
func BundleFile(bundle string) string {
	return bundleFolder + bundle + bundleEnding
}

// IndexFile is the stored name of the index of a data file.
func IndexFile(data string) string {
	return strings.TrimSuffix(data, path.Ext(data)) + ".index.json"
}

// Make computes the files that an installation adds to those of its packages: the index of each data file, and the
// unpacked bundles with their index. It is deterministic, for lock.json pins the result. Both maps go by stored name;
// a loader script goes by the name of the data file that it is the index of.
func Make(ctx context.Context, g *lock.Group, stored, loaders map[string][]byte) (map[string][]byte, error) {
	made := map[string][]byte{}
	owner := map[string]string{}
	for data, js := range loaders {
		spans, err := ReadLoader(js)
		if err == nil {
			err = Check(spans, int64(len(stored[data])))
		}
		if err == nil {
			made[IndexFile(data)], err = encode(spans)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", IndexFile(data), err)
		}
		for _, s := range spans {
			owner[s.Name] = data
		}
	}
	bundles := map[string][]tarball.File{}
	for file, content := range stored {
		name, ok := BundleName(file)
		if !ok {
			continue
		}
		files, err := tarball.Unpack(ctx, content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		bundles[name] = files
	}
	ext, data, err := PackExtensions(g.Prefix, bundles)
	for _, b := range ext.Bundles {
		for _, s := range b.Files {
			if other, ok := owner[s.Name]; ok {
				return nil, fmt.Errorf("%s and bundle %s both hold %s", other, b.Name, s.Name)
			}
		}
	}
	if err == nil {
		made[ExtensionsData] = data
		made[ExtensionsIndex], err = encode(ext)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ExtensionsIndex, err)
	}
	return made, nil
}

func encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	return append(data, '\n'), nil
}
