package linmem

import (
	"errors"
	"os"
)

// Darwin never reserves swap for a private mapping.
const mapNoReserve = 0

// newFile returns an empty file without a name. Darwin has no anonymous
// memory file that can be had without cgo; a removed temporary file lives in
// the buffer cache, and is written to disk only under memory pressure.
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

// punch would make a hole in the file, which Darwin allows only on APFS.
func (f *file) punch(uint64, uint64) error { return errors.ErrUnsupported }
