package assets

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/assets/internal/lock"
)

// source reads the files of an installation, unverified.
type source interface {
	// read returns a file of exactly size bytes; any other size is an error before much is read.
	read(name string, size int64) ([]byte, error)
	manifest() ([]byte, error)
}

// folder is an installation in a real directory. Its files are mapped into memory where the system can do it.
type folder string

func (d folder) read(name string, size int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(string(d), filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := checkSize(f, size); err != nil {
		return nil, err
	}
	return mapFile(f, size)
}

func (d folder) manifest() ([]byte, error) {
	return readSmall(os.DirFS(string(d)), lock.ManifestName)
}

// archive is an installation in a file system that is not one, such as an embedded zip file.
type archive struct{ fsys fs.FS }

// newArchive returns the installation in fsys itself or, where there is none, in the zip file that fsys holds.
func newArchive(fsys fs.FS) (archive, error) {
	if _, err := fs.Stat(fsys, lock.ManifestName); !errors.Is(err, fs.ErrNotExist) {
		return archive{fsys}, err
	}
	f, err := fsys.Open(vendoredZip)
	if err != nil {
		return archive{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return archive{}, err
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		data, err := io.ReadAll(f)
		if err != nil {
			return archive{}, err
		}
		r = bytes.NewReader(data)
	}
	z, err := zip.NewReader(r, info.Size())
	if err != nil {
		return archive{}, fmt.Errorf("%w: %s: %w", ErrCorruptAsset, vendoredZip, err)
	}
	return archive{z}, nil
}

func (a archive) read(name string, size int64) ([]byte, error) {
	f, err := a.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := checkSize(f, size); err != nil {
		return nil, err
	}
	return readFull(f, size)
}

func (a archive) manifest() ([]byte, error) {
	return readSmall(a.fsys, lock.ManifestName)
}

func checkSize(f fs.File, size int64) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is not a regular file", ErrCorruptAsset)
	case info.Size() != size:
		return fmt.Errorf("%w: it has %d bytes, expected %d", ErrCorruptAsset, info.Size(), size)
	}
	return nil
}

func readFull(f fs.File, size int64) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(f, data)
	return data, err
}

func readSmall(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxManifestSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxManifestSize {
		return nil, fmt.Errorf("%w: %s is longer than %d bytes", ErrCorruptAsset, name, maxManifestSize)
	}
	return data, nil
}
