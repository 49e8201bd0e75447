package wire

import (
	"io"
	"net"
	"os"
)

// downstream carries bytes from the backend to the client: the backend's Send does not wait, the client's Read does.
type downstream struct {
	gate
	notify *notifier
	ring   ring
	sent   int64 // bytes the backend has handed over
	cut    bool  // the last send took less than it was given, and half the ring has not been free since
	hasty  bool  // a send that finds no room fails
	ended  bool  // the backend will send no more
}

// send takes as much of p as there is room for.
func (d *downstream) send(p []byte) (int, error) {
	d.mu.Lock()
	switch {
	case d.ended:
		d.mu.Unlock()
		return 0, net.ErrClosed
	case d.shut:
		d.mu.Unlock()
		return 0, ErrClosed
	}
	n := d.ring.write(p)
	d.sent += int64(n)
	if len(p) > 0 {
		d.cut = n < len(p)
	}
	hasty := d.hasty
	d.mu.Unlock()
	switch {
	case n > 0:
		d.changed.Signal()
	case len(p) > 0 && hasty:
		return 0, ErrClosed
	case len(p) > 0:
		return 0, ErrWouldBlock
	}
	return n, nil
}

// hurry makes a send fail that finds no room.
func (d *downstream) hurry() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hasty = true
}

// writable tells whether the client has read enough for another send to be worth its while.
func (d *downstream) writable() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.cut || d.hasty || d.ended || d.shut
}

// read waits for bytes and moves up to len(p) of them to the client.
func (d *downstream) read(p []byte) (int, error) {
	d.mu.Lock()
	if err := d.await(len(p) == 0); err != nil {
		d.mu.Unlock()
		return 0, err
	}
	n := d.ring.read(p)
	more := d.ring.n > 0
	room := d.hasRoom()
	d.mu.Unlock()
	if more {
		d.changed.Signal() // for another reader: the one Signal of a send may have been this one's
	}
	if room {
		d.notify.call()
	}
	return n, nil
}

// swap waits for bytes and exchanges the ring that holds them for the empty one in r.
func (d *downstream) swap(r *ring) error {
	d.mu.Lock()
	if err := d.await(false); err != nil {
		d.mu.Unlock()
		return err
	}
	d.ring, *r = *r, d.ring
	room := d.hasRoom()
	d.mu.Unlock()
	if room {
		d.notify.call()
	}
	return nil
}

// await waits until there are bytes, or there is no need of any, or there will be none. The caller holds mu.
func (d *downstream) await(empty bool) error {
	for {
		switch {
		case d.shut:
			return net.ErrClosed
		case empty:
			return nil
		case d.expired:
			return os.ErrDeadlineExceeded
		case d.ring.n > 0:
			return nil
		case d.ended:
			return io.EOF
		}
		d.changed.Wait()
	}
}

// hasRoom tells, once, that half the ring is free again after a send that was cut. The caller holds mu.
func (d *downstream) hasRoom() bool {
	if !d.cut || d.ring.n > ringSize/2 {
		return false
	}
	d.cut = false
	return true
}

// end is the backend closing its side: what it has sent can still be read.
func (d *downstream) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	d.changed.Broadcast()
}

// abandon is the client closing its side: what it has not read is dropped. A pending Read fails.
func (d *downstream) abandon() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ring.reset()
	d.close()
}

// total returns how many bytes the backend has sent.
func (d *downstream) total() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sent
}
