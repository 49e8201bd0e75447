// Package relay connects what writes to what reads.
package relay

import (
	"errors"
	"io"
)

// Run lets read read what write writes, while it writes it, and returns when both have ended. If one of them fails, the
// other's next write or read fails with the same error; Run returns the error that came first. What read leaves unread is
// an error of write, and not of Run.
func Run(write func(io.Writer) error, read func(io.Reader) error) error {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(w)
		w.CloseWithError(err)
		written <- err
	}()
	err := read(r)
	r.CloseWithError(err)
	if first := <-written; first != nil && errors.Is(err, first) {
		return first
	}
	return err
}
