//go:build unix && !linux

package linmem

// Nothing else reserves swap for memory that cannot be accessed.
const mapNoReserve = 0
