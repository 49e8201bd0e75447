//go:build !linux && !darwin

package linmem

// A file is never made here: newFile fails.
type file struct{}

func newFile() (*file, error)                   { return nil, ErrUnsupported }
func (*file) close()                            {}
func (*file) grow([]byte, uint64, uint64) error { return ErrUnsupported }
func (*file) mapShared([]byte, uint64) error    { return ErrUnsupported }
func (*file) mapPrivate([]byte) error           { return ErrUnsupported }
func (*file) punch(uint64, uint64) error        { return ErrUnsupported }
func (*file) writeAt([]byte, uint64) error      { return ErrUnsupported }
func (*file) truncate(uint64) error             { return ErrUnsupported }
func reserve(uint64) ([]byte, error)            { return nil, ErrUnsupported }
func commit([]byte) error                       { return ErrUnsupported }
func release([]byte)                            {}
