package wire

import (
	"io"
	"net"
	"os"
)

// upstream carries bytes from the client to the backend: the client's Write waits, the backend's Recv does not.
//
// What fits is copied into the ring and the writer goes on. A write that does not fit is lent: it waits, and the backend
// copies straight out of the writer's slice, after what is in the ring.
type upstream struct {
	gate
	notify   *notifier
	ring     ring
	lent     []byte // what is left of the loan, nil when there is none
	loan     uint64 // the number of the latest loan
	received int64  // bytes the backend has taken
	gone     bool   // the backend will read no more: what is written is dropped
	told     bool   // the client knows that, since it has read to the end
}

// write appends p and waits until it is in the ring or with the backend.
func (u *upstream) write(p []byte) (int, error) {
	u.mu.Lock()
	for u.lent != nil && u.writeErr() == nil {
		u.changed.Wait()
	}
	if err := u.writeErr(); err != nil {
		u.mu.Unlock()
		return 0, err
	}
	if u.gone {
		u.mu.Unlock()
		return len(p), nil
	}
	wasEmpty := u.ring.n == 0
	fits := len(p) <= u.ring.free()
	if fits {
		u.ring.write(p)
	} else {
		u.lent = p
		u.loan++
	}
	loan := u.loan
	u.mu.Unlock()
	if wasEmpty && len(p) > 0 {
		u.notify.call()
	}
	if fits {
		return len(p), nil
	}
	return u.settle(p, loan)
}

// settle waits until the backend has taken the loan of p, or takes back what is left of it.
func (u *upstream) settle(p []byte, loan uint64) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.lent != nil && u.loan == loan {
		if err := u.writeErr(); err != nil {
			n := len(p) - len(u.lent)
			u.lent = nil
			u.changed.Broadcast()
			return n, err
		}
		u.changed.Wait()
	}
	return len(p), nil
}

// writeErr says why the client cannot write. The caller holds mu.
func (u *upstream) writeErr() error {
	switch {
	case u.shut:
		return net.ErrClosed
	case u.expired:
		return os.ErrDeadlineExceeded
	case u.told:
		return ErrClosed
	}
	return nil
}

// recv moves up to len(p) bytes to the backend.
func (u *upstream) recv(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return 0, net.ErrClosed
	}
	n := u.ring.read(p)
	if u.lent != nil {
		n += u.recvLent(p[n:])
	}
	u.received += int64(n)
	switch {
	case n > 0 || len(p) == 0:
		return n, nil
	case u.shut:
		return 0, io.EOF
	}
	return 0, ErrWouldBlock
}

// recvLent moves bytes of the loan into p, and lets the writer go when the rest of it fits half the ring.
func (u *upstream) recvLent(p []byte) int {
	n := 0
	if u.ring.n == 0 {
		n = copy(p, u.lent)
		u.lent = u.lent[n:]
	}
	if len(u.lent) <= u.ring.free() && u.ring.n <= ringSize/2 {
		u.ring.write(u.lent)
		u.lent = nil
		u.changed.Broadcast()
	}
	return n
}

// readable tells whether recv would do anything but block.
func (u *upstream) readable() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ring.n > 0 || u.lent != nil || u.shut || u.gone
}

// hungUp tells whether the client will write no more. behind asks what is behind the client, if that is waiting; nil is
// nothing.
func (u *upstream) hungUp(behind func() bool) bool {
	u.mu.Lock()
	shut, waiting := u.shut, u.lent != nil
	u.mu.Unlock()
	return shut || waiting && behind != nil && behind()
}

// end is the client closing its side: what it has written can still be received. A pending Write fails.
func (u *upstream) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.close()
}

// abandon is the backend closing its side: what it has not received is dropped, and so is what a pending Write has left.
func (u *upstream) abandon() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gone = true
	u.lent = nil
	u.ring.reset()
	u.changed.Broadcast()
}

// tell is the client reading to the end of what the backend has sent.
func (u *upstream) tell() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.told = true
}

// total returns how many bytes the backend has received.
func (u *upstream) total() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.received
}
