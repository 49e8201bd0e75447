package linmem

// SetHeadroom makes memories move after they have grown by so much. It is called
// before any is made.
func SetHeadroom(n uint64) { headroom = n }
