package driver

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/calfdb/calf/pglite"
)

// An engine is a database that several may use.
type engine struct {
	turn       chan struct{} // holds one token: who has it may use what follows
	db         *pglite.DB    // nil is closed
	users      int
	durability pglite.Durability
}

// engines are those of directories, by path. They stay: a program has few.
var engines = struct {
	sync.Mutex
	of map[string]*engine
}{of: map[string]*engine{}}

// engineOf returns the engine of a directory, or a new one in memory.
func engineOf(dir string) *engine {
	if dir == pglite.Memory {
		return newEngine()
	}
	key := resolve(dir)
	engines.Lock()
	defer engines.Unlock()
	e := engines.of[key]
	if e == nil {
		e = newEngine()
		engines.of[key] = e
	}
	return e
}

func newEngine() *engine {
	e := &engine{turn: make(chan struct{}, 1)}
	e.turn <- struct{}{}
	return e
}

// resolve follows the symbolic links in a path of which the end need not exist.
func resolve(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return dir
	}
	return filepath.Join(resolve(parent), filepath.Base(dir))
}

// use opens the database unless it is open, and counts a user.
func (e *engine) use(ctx context.Context, s source) (*pglite.DB, error) {
	select {
	case <-e.turn:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { e.turn <- struct{}{} }()
	if e.db == nil {
		db, err := pglite.OpenConfig(ctx, pglite.Config{Dir: s.dir, Durability: s.durability})
		if err != nil {
			return nil, err
		}
		e.db, e.durability = db, s.durability
	} else if e.durability != s.durability {
		return nil, fmt.Errorf("calf: opening %s: it is open with another durability", s.dir)
	}
	e.users++
	return e.db, nil
}

// leave is the end of a user; that of the last closes the database.
func (e *engine) leave() error {
	<-e.turn
	defer func() { e.turn <- struct{}{} }()
	e.users--
	if e.users > 0 {
		return nil
	}
	db := e.db
	e.db = nil
	return db.Close()
}
