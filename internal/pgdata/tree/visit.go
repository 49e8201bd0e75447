package tree

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"runtime"
	"slices"
	"sync"
)

// A Part is a stretch of a file.
type Part struct {
	Name     string
	Off, Len int64
}

type part struct {
	Part
	file *File
}

// Visit calls fn for each part of files that exist, with a reader of its bytes; if the file ends before the part does,
// so does the reader. Several parts are read at a time, except of a compressed archive, which is read once, in its own
// order. It ends with the first error of fn, or when ctx does.
func (t *Tree) Visit(ctx context.Context, parts []Part, fn func(Part, io.Reader) error) error {
	return t.visit(ctx, parts, runtime.GOMAXPROCS(0), fn)
}

// VisitInOrder is Visit, but one part at a time: in the order given, or that of a compressed archive.
func (t *Tree) VisitInOrder(ctx context.Context, parts []Part, fn func(Part, io.Reader) error) error {
	return t.visit(ctx, parts, 1, fn)
}

func (t *Tree) visit(ctx context.Context, parts []Part, workers int, fn func(Part, io.Reader) error) error {
	var here, there []part
	for _, p := range parts {
		f := t.File(p.Name)
		switch {
		case f == nil:
		case f.kept != nil || f.Size == 0:
			here = append(here, part{p, f})
		default:
			there = append(there, part{p, f})
		}
	}
	for _, p := range here {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := fn(p.Part, bytes.NewReader(p.of(p.file.kept))); err != nil {
			return err
		}
	}
	if len(there) == 0 {
		return nil
	}
	if _, ok := t.source.(*gzSource); ok {
		slices.SortStableFunc(there, func(a, b part) int {
			return cmp.Or(cmp.Compare(a.file.at, b.file.at), cmp.Compare(a.Off, b.Off))
		})
		return t.source.visit(ctx, there, fn)
	}
	if workers == 1 {
		return t.source.visit(ctx, there, fn)
	}
	return t.parallel(ctx, there, workers, fn)
}

// parallel hands out one part after the other to several goroutines, and waits for them.
func (t *Tree) parallel(ctx context.Context, parts []part, workers int, fn func(Part, io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	next := make(chan part)
	for range min(workers, len(parts)) {
		wg.Go(func() {
			for p := range next {
				if err := t.source.visit(ctx, []part{p}, fn); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, p := range parts {
		select {
		case next <- p:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// of returns the part of a content.
func (p Part) of(b []byte) []byte {
	start := min(max(p.Off, 0), int64(len(b)))
	return b[start:min(start+max(p.Len, 0), int64(len(b)))]
}

// visitAt visits parts of files that can be read at any place.
func visitAt(ctx context.Context, r io.ReaderAt, base int64, p part, fn func(Part, io.Reader) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	n := max(0, min(p.Len, p.file.Size-p.Off))
	return fn(p.Part, &ctxReader{ctx, io.NewSectionReader(r, base+p.Off, n)})
}

// ctxReader fails when its context ends.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *ctxReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(b)
}
