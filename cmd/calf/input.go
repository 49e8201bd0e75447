package main

import (
	"context"
	"io"
	"os"
)

// An input is a reader that stops waiting when a context is cancelled, which
// no read of a terminal or pipe does by itself.
type input struct {
	ctx     context.Context
	r       io.Reader
	buf     []byte
	results chan read
	rest    []byte // of buf, read and not yet returned
	err     error  // that came with it
}

type read struct {
	n   int
	err error
}

// interruptible returns a reader of r. After ctx was cancelled it returns the
// cause, and a read of r may be left behind.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	return &input{ctx: ctx, r: r, buf: make([]byte, 64<<10), results: make(chan read, 1)}
}

func (in *input) Read(p []byte) (int, error) {
	if err := context.Cause(in.ctx); err != nil {
		return 0, err
	}
	if len(in.rest) == 0 && in.err == nil {
		go func() {
			n, err := in.r.Read(in.buf)
			in.results <- read{n, err}
		}()
		select {
		case <-in.ctx.Done():
			return 0, context.Cause(in.ctx)
		case r := <-in.results:
			in.rest, in.err = in.buf[:r.n], r.err
		}
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	if n == 0 {
		err := in.err
		in.err = nil
		return 0, err
	}
	return n, nil
}

// isTerminal reports whether a person is at the other end of a reader or writer.
func isTerminal(rw any) bool {
	f, ok := rw.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	null, nullErr := os.Stat(os.DevNull)
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && (nullErr != nil || !os.SameFile(info, null))
}
