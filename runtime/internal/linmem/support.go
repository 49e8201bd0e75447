package linmem

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// ErrUnsupported is wrapped by the error of CopyOnWrite on a system that cannot
// map memory so.
var ErrUnsupported = errors.New("memory cannot be mapped copy-on-write")

var support struct {
	sync.Mutex
	known bool
	err   error
}

// CopyOnWrite returns nil if the system can map memory as this package needs
// it, and an error that wraps ErrUnsupported if it cannot. It tries, once; only
// a lack of memory or of descriptors, which is another error, makes it try
// again.
func CopyOnWrite() error {
	support.Lock()
	defer support.Unlock()
	if support.known {
		return support.err
	}
	err := tryMapping()
	if err != nil && scarce(err) {
		return err
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	support.known, support.err = true, err
	return err
}

// tryMapping makes a small memory and a clone, and looks what they share.
func tryMapping() error {
	if PageSize%os.Getpagesize() != 0 {
		return fmt.Errorf("pages of %d bytes are too large", os.Getpagesize())
	}
	m, err := newMapped(3 * PageSize)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := m.resize(3 * PageSize); err != nil {
		return err
	}
	const private, shared = 0, PageSize
	m.Bytes()[private], m.Bytes()[shared] = 1, 1
	im, err := m.Freeze([]Range{{shared, PageSize}})
	if err != nil {
		return err
	}
	c, err := im.Clone(3 * PageSize)
	if err != nil {
		return err
	}
	defer c.Close()
	if c.Bytes()[private] != 1 || c.Bytes()[shared] != 1 {
		return errors.New("a clone does not have what its image has")
	}
	c.Bytes()[private], c.Bytes()[shared] = 2, 2
	if m.Bytes()[private] != 1 || m.Bytes()[shared] != 2 {
		return errors.New("a clone does not share what it should, or shares what it should not")
	}
	return nil
}
