package wire

import "sync/atomic"

// notifier holds the one function that is told when a Socket may make progress. It is safe for concurrent use.
type notifier struct {
	fn atomic.Pointer[func()]
}

func (n *notifier) set(fn func()) {
	if fn == nil {
		n.fn.Store(nil)
		return
	}
	n.fn.Store(&fn)
}

// call runs the function, if there is one. No lock of this package may be held.
func (n *notifier) call() {
	if fn := n.fn.Load(); fn != nil {
		(*fn)()
	}
}
