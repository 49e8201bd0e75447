package vfs

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// pipeCapacity is how many bytes a pipe holds, as in Linux.
	pipeCapacity = 64 << 10
	// pipeAtomic is PIPE_BUF: a write of no more is done whole or not at all.
	pipeAtomic = 4096
)

// Pipe returns the two ends of a new pipe, as pipe2(2). Of flags O_NONBLOCK is
// stored; the ends never block, whatever the flags: reading from an empty pipe
// and writing to a full one fail with EAGAIN.
//
// Reading returns 0 bytes once the other end is closed and the pipe empty;
// writing then fails with EPIPE. The signal is the caller's matter.
func Pipe(flags int) (r, w *File) {
	p := &pipe{ino: lastPipe.Add(1), made: time.Now()}
	flags &= O_NONBLOCK
	return newFile(&pipeReader{pipeEnd{p}}, flags|O_RDONLY, S_IFIFO),
		newFile(&pipeWriter{pipeEnd{p}}, flags|O_WRONLY, S_IFIFO)
}

var lastPipe atomic.Uint64

type pipe struct {
	ino  uint64
	made time.Time

	mu       sync.Mutex
	buf      []byte
	noReader bool
	noWriter bool
}

// fork returns a pipe with the same bytes in it.
func (p *pipe) fork() *pipe {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &pipe{
		ino: lastPipe.Add(1), made: p.made,
		buf: bytes.Clone(p.buf), noReader: p.noReader, noWriter: p.noWriter,
	}
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.buf) > 0 || len(b) == 0:
	case p.noWriter:
		return 0, nil
	default:
		return 0, EAGAIN
	}
	n := copy(b, p.buf)
	p.buf = p.buf[:copy(p.buf, p.buf[n:])]
	return n, nil
}

func (p *pipe) write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	room := pipeCapacity - len(p.buf)
	switch {
	case p.noReader:
		return 0, EPIPE
	case len(b) > room && (room == 0 || len(b) <= pipeAtomic):
		return 0, EAGAIN
	}
	b = b[:min(len(b), room)]
	p.buf = append(p.buf, b...)
	return len(b), nil
}

// pipeEnd is what both ends have in common.
type pipeEnd struct{ *pipe }

func (pipeEnd) ReadAt([]byte, int64) (int, error)  { return 0, EBADF }
func (pipeEnd) WriteAt([]byte, int64) (int, error) { return 0, EBADF }
func (pipeEnd) Append([]byte) (int, int64, error)  { return 0, 0, EBADF }
func (pipeEnd) Size() (int64, error)               { return 0, ESPIPE }
func (pipeEnd) SetAttr(Attr) error                 { return nil }
func (pipeEnd) Truncate(int64) error               { return EINVAL }
func (pipeEnd) Allocate(int64, int64) error        { return ESPIPE }
func (pipeEnd) Sync(bool) error                    { return EINVAL }
func (pipeEnd) ReadDir() ([]DirEntry, error)       { return nil, ENOTDIR }

func (e pipeEnd) Stat() (Stat, error) {
	return Stat{
		Ino: e.ino, Mode: S_IFIFO | 0o600, Nlink: 1,
		Atime: e.made, Mtime: e.made, Ctime: e.made,
	}, nil
}

type pipeReader struct{ pipeEnd }

func (r *pipeReader) ReadAt(p []byte, _ int64) (int, error) { return r.read(p) }

func (r *pipeReader) Ready() (read, write bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.buf) > 0 || r.noWriter, false
}

func (r *pipeReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noReader = true
	return nil
}

type pipeWriter struct{ pipeEnd }

func (w *pipeWriter) WriteAt(p []byte, _ int64) (int, error) { return w.write(p) }

func (w *pipeWriter) Append(p []byte) (int, int64, error) {
	n, err := w.write(p)
	return n, 0, err
}

func (w *pipeWriter) Ready() (read, write bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return false, len(w.buf) <= pipeCapacity-pipeAtomic || w.noReader
}

func (w *pipeWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noWriter = true
	return nil
}
