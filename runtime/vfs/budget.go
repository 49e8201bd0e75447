package vfs

import "sync/atomic"

// budget counts the chunks that the files of a tree occupy. A chunk that two
// trees share counts in both, as on two disks, so that neither can run out of
// space because of what the other does.
type budget struct {
	max  int64 // chunks; 0 is no limit
	used atomic.Int64
}

func (b *budget) setBytes(n int64) {
	if n > 0 {
		b.max = max(1, n/chunkSize)
	}
}

// limited tells whether space must be reserved before it is used.
func (b *budget) limited() bool { return b.max > 0 }

// take reserves n chunks, all or none.
func (b *budget) take(n int64) bool {
	for {
		used := b.used.Load()
		if b.limited() && n > b.max-used {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

func (b *budget) give(n int64) { b.used.Add(-n) }
