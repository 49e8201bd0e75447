package tarball

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// File is one file of an extension bundle.
type File struct {
	// Name is the path below the guest's installation folder, such as "lib/postgresql/vector.so".
	Name    string
	Content []byte
}

// Unpack returns the files of an extension bundle, sorted by name. It leaves out what has a part that begins with a
// dot, as PGlite does, and takes nothing but regular files and folders.
func Unpack(ctx context.Context, gz []byte) ([]File, error) {
	var files []File
	err := walk(ctx, bytes.NewReader(gz), maxBundle, func(e entry) error {
		if hidden(e.Name) || e.Typeflag == tar.TypeDir {
			return nil
		}
		name, ok := e.clean()
		if !ok {
			return fmt.Errorf("entry %q has no usable name", e.Name)
		}
		content, err := e.read()
		files = append(files, File{Name: name, Content: content})
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(files); i++ {
		if files[i-1].Name == files[i].Name {
			return nil, fmt.Errorf("it holds %s twice", files[i].Name)
		}
	}
	return files, nil
}

func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}
