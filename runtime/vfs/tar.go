package vfs

import (
	"errors"
	"fmt"
	"io"
)

// ErrBadTar is what errors about the content of an archive wrap: it is
// damaged, exceeds a limit, or holds what a data directory cannot. Use
// errors.Is; the text names the entry.
var ErrBadTar = errors.New("bad archive")

// TarOptions bound what [LoadTar] accepts. The zero value has the defaults.
type TarOptions struct {
	// MaxBytes is how much content all files together may have; 0 means 64 GiB.
	MaxBytes int64
	// MaxEntries is how many entries there may be; 0 means 1<<20.
	MaxEntries int
	// OwnerOnly gives directories the mode 0700 and files 0600, whatever the
	// archive says.
	OwnerOnly bool
}

// tarBlock is what the parts of an archive are multiples of.
const tarBlock = 512

func (o TarOptions) withDefaults() TarOptions {
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 30
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = 1 << 20
	}
	return o
}

// LoadTar is the function LoadTar on the volume that the absolute path at is
// in. The directory is made if it is missing.
func (fs *FS) LoadTar(r io.Reader, at string, o TarOptions) error {
	return fs.inVolume(at, func(p place) error { return LoadTar(p.vol, r, p.name, o) })
}

// LoadTarBytes is the function LoadTarBytes on the volume that the absolute
// path at is in. The directory is made if it is missing.
func (fs *FS) LoadTarBytes(data []byte, at string, o TarOptions) error {
	return fs.inVolume(at, func(p place) error { return LoadTarBytes(p.vol, data, p.name, o) })
}

// WriteTar is the function WriteTar on the volume that the absolute path at is
// in.
func (fs *FS) WriteTar(w io.Writer, at string) error {
	p, err := fs.dirPlace(at)
	if err != nil {
		return err
	}
	return WriteTar(p.vol, w, p.name)
}

func (fs *FS) inVolume(at string, f func(place) error) error {
	if err := fs.MkdirAll(at, 0o700); err != nil {
		return err
	}
	p, err := fs.dirPlace(at)
	if err != nil {
		return err
	}
	return f(p)
}

// dirPlace finds a directory.
func (fs *FS) dirPlace(path string) (found place, err error) {
	err = fs.at(nil, path, true, func(p place) error {
		st, err := p.stat(true)
		if err == nil && !st.IsDir() {
			err = ENOTDIR
		}
		found = p
		return err
	})
	return found, err
}

// badEntry makes an error of a reason that lies in the archive.
func badEntry(name, format string, args ...any) error {
	return fmt.Errorf("vfs: loading archive: %w: entry %q %s", ErrBadTar, name, fmt.Sprintf(format, args...))
}
