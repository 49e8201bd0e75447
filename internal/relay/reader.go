package relay

import (
	"context"
	"io"
)

// Reader returns r as a reader that fails when ctx has ended, with its cause. It
// looks before each Read, and does not interrupt one that waits.
func Reader(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
