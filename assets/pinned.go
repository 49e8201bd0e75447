package assets

import (
	_ "embed"
	"sync"

	"github.com/calfdb/calf/assets/internal/lock"
)

// lockJSON is written by assets/lockgen from the packages' tarballs.
//
//go:embed lock.json
var lockJSON []byte

// pinned returns the lock that this release of calf was made with.
var pinned = sync.OnceValue(func() *lock.Lock {
	l, err := lock.Parse(lockJSON)
	if err != nil {
		panic("BUG: the embedded lock.json is not valid: " + err.Error())
	}
	return l
})
