package linmem

import (
	"errors"
	"os"
)

// newFile returns an empty file without a name. Darwin has no anonymous memory
// file: what shm_open makes cannot be mapped MAP_PRIVATE, nor grow. A removed
// temporary file lives in the buffer cache; the system writes what was changed
// to the disk now and then, but never waits for it.
func newFile() (*file, error) {
	f, err := os.CreateTemp("", "calf-image-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return &file{f}, nil
}

// punch would make a hole in the file, which Darwin does on some file systems
// only, and by a call that golang.org/x/sys does not have.
func (f *file) punch(*space, uint64, uint64) error { return errors.ErrUnsupported }

func (f *file) discard(uint64, uint64) error { return errors.ErrUnsupported }
