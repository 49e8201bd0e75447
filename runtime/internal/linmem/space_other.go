//go:build !unix && !windows

package linmem

// A space is a slice of the limit's length. The systems that Go runs on give
// memory when it is touched.
type space struct{ base []byte }

func reserve(uint64) (space, error) { return space{}, errNotTried }

func reservePlain(n uint64) (space, error) { return space{make([]byte, n)}, nil }

const movable = false

func (*space) move(uint64, uint64) error   { return errNotTried }
func (*space) release()                    {}
func (*space) hide(uint64) error           { return errNotTried }
func (*space) commit(uint64, uint64) error { return nil }
