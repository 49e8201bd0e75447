package wire

import "errors"

var (
	// ErrWouldBlock is returned by Recv and Send of a Socket that can do nothing now: nothing has arrived, or the client
	// has not read enough of what was sent. It is not a failure. Compare with errors.Is.
	ErrWouldBlock = errors.New("wire: operation would block")

	// ErrClosed is returned when the other end has closed and what is written can no longer be read: by Send of a Socket
	// whose client is gone, by Write of a client that has read to the end of what its backend sent. Compare with errors.Is.
	// Using an end after its own Close fails with net.ErrClosed instead.
	ErrClosed = errors.New("wire: the other end is closed")
)
