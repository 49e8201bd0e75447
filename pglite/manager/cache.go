package manager

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/calfdb/calf/pglite"
)

// A cache holds the databases that are open. It opens each once, however many
// ask for it at the same time, and closes those that nobody uses, when there are
// too many or after a while.
type cache struct {
	open      func(ctx context.Context, id string) (*pglite.DB, error)
	maxOpen   int
	idleClose time.Duration // negative: never
	logger    *slog.Logger

	// ctx ends when the cache is closed; what is being opened then fails.
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // of goroutines that open and close databases

	mu      sync.Mutex
	entries map[string]*entry
	pins    map[string]int // of databases that must not be deleted
	idle    list.List      // of *entry: open, and nobody uses it; the last one used is in front
	closed  bool
	opens   uint64
}

// An entry is a database that is being opened, is open, or is being closed.
// cache.mu protects it.
type entry struct {
	id      string
	opened  chan struct{} // closed when it is open, or could not be
	db      *pglite.DB    // then: one of these
	err     error
	waiting int                  // who waits for opened
	handles map[*Handle]struct{} // of those who use it
	leaving bool                 // it is being closed, or deleted
	gone    chan struct{}        // closed when it is no longer in the table
	inIdle  *list.Element        // if it is idle
	timer   *time.Timer          // closes it
}

func newEntry(id string) *entry {
	return &entry{id: id, opened: make(chan struct{}), gone: make(chan struct{}), handles: map[*Handle]struct{}{}}
}

// acquire returns a handle of a database, which it opens if need be.
func (c *cache) acquire(ctx context.Context, id string) (*Handle, error) {
	for {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return nil, ErrClosed
		}
		e := c.entries[id]
		if e != nil && e.leaving {
			c.mu.Unlock()
			if err := wait(ctx, e.gone); err != nil {
				return nil, err
			}
			continue
		}
		if e == nil {
			e = newEntry(id)
			c.entries[id] = e
			c.wg.Add(1)
			go c.openEntry(e)
		}
		e.waiting++
		c.use(e)
		c.mu.Unlock()

		err := wait(ctx, e.opened)
		c.mu.Lock()
		defer c.mu.Unlock()
		e.waiting--
		switch {
		case err != nil: // it may still be opened, for others
		case e.err != nil && !c.closed:
			return nil, e.err
		case c.closed:
			return nil, ErrClosed
		default:
			h := newHandle(c, e)
			e.handles[h] = struct{}{}
			return h, nil
		}
		c.unuse(e)
		return nil, err
	}
}

// release gives a handle back.
func (c *cache) release(h *Handle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(h.entry.handles, h)
	c.unuse(h.entry)
}

// openEntry opens a database. Whoever asked for it may be gone by then; it stays
// open for the next one.
func (c *cache) openEntry(e *entry) {
	defer c.wg.Done()
	c.shrink()
	db, err := c.open(c.ctx, e.id)
	c.mu.Lock()
	defer c.mu.Unlock()
	e.db, e.err = db, err
	close(e.opened)
	switch {
	case e.leaving: // it is closed by who said so
	case err != nil:
		c.forget(e)
	default:
		c.opens++
		c.unuse(e)
	}
}

// use says that somebody uses a database.
func (c *cache) use(e *entry) {
	if e.timer != nil {
		e.timer.Stop()
	}
	if e.inIdle != nil {
		c.idle.Remove(e.inIdle)
	}
	e.timer, e.inIdle = nil, nil
}

// unuse looks whether nobody uses a database any more.
func (c *cache) unuse(e *entry) {
	if e.leaving || e.db == nil || e.inUse() {
		return
	}
	e.inIdle = c.idle.PushFront(e)
	if len(c.entries) > c.maxOpen {
		c.wg.Add(1)
		go func() {
			defer c.wg.Done()
			c.shrink()
		}()
	}
	if c.idleClose < 0 {
		return
	}
	idle := e.inIdle
	e.timer = time.AfterFunc(c.idleClose, func() {
		c.mu.Lock()
		if e.inIdle != idle || e.leaving || c.closed { // it was used meanwhile
			c.mu.Unlock()
			return
		}
		c.leave(e)
		c.wg.Add(1)
		c.mu.Unlock()
		defer c.wg.Done()
		c.closeEntry(e, "idle")
	})
}

func (e *entry) inUse() bool { return e.waiting > 0 || len(e.handles) > 0 }

// shrink closes databases that nobody uses while there are too many.
func (c *cache) shrink() {
	for {
		c.mu.Lock()
		last := c.idle.Back()
		if c.closed || last == nil || len(c.entries) <= c.maxOpen {
			c.mu.Unlock()
			return
		}
		e := last.Value.(*entry)
		c.leave(e)
		c.mu.Unlock()
		c.closeEntry(e, "too many")
	}
}

// leave keeps everybody else away from a database that is not used.
func (c *cache) leave(e *entry) {
	c.use(e)
	e.leaving = true
}

// closeEntry closes a database that is leaving.
func (c *cache) closeEntry(e *entry, why string) error {
	err := e.db.Close()
	c.mu.Lock()
	c.forget(e)
	c.mu.Unlock()
	if err != nil {
		c.logger.Error("closing a database", "id", e.id, "why", why, "error", err)
	} else {
		c.logger.Debug("closed a database", "id", e.id, "why", why)
	}
	return err
}

// forget removes an entry from the table.
func (c *cache) forget(e *entry) {
	if c.entries[e.id] == e {
		delete(c.entries, e.id)
	}
	close(e.gone)
}

// during returns a context for what may take long, which ends when the cache is
// closed, too.
func (c *cache) during(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.ctx, func() { cancel(ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// claim closes a database if it is open, and keeps it closed until the returned
// function is called. It is ErrInUse if somebody uses it or, if it is to be
// deleted, has pinned it.
func (c *cache) claim(ctx context.Context, id string, deletes bool) (release func(), err error) {
	for {
		c.mu.Lock()
		e := c.entries[id]
		switch {
		case c.closed:
			c.mu.Unlock()
			return nil, ErrClosed
		case deletes && c.pins[id] > 0, e != nil && !e.leaving && e.inUse():
			c.mu.Unlock()
			return nil, ErrInUse
		case e == nil:
			defer c.mu.Unlock()
			return c.hold(id), nil
		case e.leaving:
			c.mu.Unlock()
			if err := wait(ctx, e.gone); err != nil {
				return nil, err
			}
			continue
		case e.db == nil: // it is being opened, for somebody who is gone
			c.mu.Unlock()
			if err := wait(ctx, e.opened); err != nil {
				return nil, err
			}
			continue
		}
		c.leave(e)
		c.wg.Add(1)
		c.mu.Unlock()
		err := func() error {
			defer c.wg.Done()
			return c.closeEntry(e, "claimed")
		}()
		if err != nil {
			return nil, err
		}
	}
}

// claimClosed is claim for a database that is not open; it is ErrInUse for one
// that is.
func (c *cache) claimClosed(id string) (release func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case c.entries[id] != nil:
		return nil, ErrInUse
	}
	return c.hold(id), nil
}

// hold keeps a database closed that is not open.
func (c *cache) hold(id string) (release func()) {
	e := newEntry(id)
	e.leaving = true
	c.entries[id] = e
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.forget(e)
	}
}

// pin keeps a database from being deleted, until unpin is called. If it is being
// deleted, or closed, it waits for that.
func (c *cache) pin(ctx context.Context, id string) error {
	for {
		c.mu.Lock()
		e := c.entries[id]
		if e == nil || !e.leaving {
			c.pins[id]++
			c.mu.Unlock()
			return nil
		}
		c.mu.Unlock()
		if err := wait(ctx, e.gone); err != nil {
			return err
		}
	}
}

func (c *cache) unpin(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pins[id]--; c.pins[id] == 0 {
		delete(c.pins, id)
	}
}

// closeAll closes all databases, also those that are used, and waits for what is
// being closed and opened. Nothing can be opened then.
func (c *cache) closeAll() (err error) {
	c.mu.Lock()
	c.closed = true
	c.cancel()
	var used, leaving []*entry
	for _, e := range c.entries {
		if e.leaving {
			leaving = append(leaving, e)
			continue
		}
		c.leave(e)
		used = append(used, e)
	}
	c.mu.Unlock()
	errs := make([]error, len(used))
	var closing sync.WaitGroup
	for i, e := range used {
		closing.Go(func() {
			<-e.opened
			if e.db == nil {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.forget(e)
				return
			}
			c.mu.Lock()
			handles := make([]*Handle, 0, len(e.handles))
			for h := range e.handles {
				handles = append(handles, h)
			}
			c.mu.Unlock()
			for _, h := range handles {
				h.Close()
			}
			errs[i] = c.closeEntry(e, "end")
		})
	}
	closing.Wait()
	for _, e := range leaving {
		<-e.gone
	}
	c.wg.Wait()
	return errors.Join(errs...)
}

// wait waits for a channel or for the end of a context.
func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	default:
	}
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
