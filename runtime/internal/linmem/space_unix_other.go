//go:build unix && !linux

package linmem

// Nothing else reserves swap for memory that cannot be accessed.
const mapNoReserve = 0

// movable is false: a memory has all its addresses from the beginning.
const movable = false

func (*space) move(uint64, uint64) error { return ErrUnsupported }

// Nobody has to know seams where memory does not move.
type seams struct{}

func (seams) add(...uint64) {}
