package runtime

import "net"

// A Socket is a backend's end of the connection to its client. It never
// blocks. wire.Socket is one.
type Socket interface {
	// Recv moves what has come into p. At the end it returns io.EOF.
	Recv(p []byte) (int, error)
	// Send takes as much of p as there is room for.
	Send(p []byte) (int, error)
	// Readable and Writable tell whether Recv and Send would do anything now,
	// if only fail.
	Readable() bool
	Writable() bool
	// HungUp tells whether the client will send no more, although what it has
	// sent may not have been received yet.
	HungUp() bool
	// SetNotify gives the function that is called when Readable or Writable
	// becomes true. It may be called at any time and more often than needed.
	SetNotify(func())
	// HangUp makes Send fail where there is no room.
	HangUp()
	// RemoteAddr returns the client's address. One that is no TCP address
	// counts as local, as that of a Unix-domain socket.
	RemoteAddr() net.Addr
}
