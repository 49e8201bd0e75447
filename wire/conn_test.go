package wire

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tests in this file hold a Conn to what users of a net.Conn may rely on. They cover what the field's common test of
// connections covers; those with deadlines run on a fake clock.

func TestConnMovesBytesBothWays(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	server := newBlocking(s)
	want := make([]byte, 8<<20)
	for i := range want {
		want[i] = byte(rand.Uint32())
	}
	var wg sync.WaitGroup
	wg.Go(func() { // the server echoes
		_, err := io.CopyBuffer(struct{ io.Writer }{server}, struct{ io.Reader }{server}, make([]byte, 1234))
		assert.NoError(t, err)
		assert.NoError(t, server.Close())
	})
	wg.Go(func() {
		rd := bytes.NewReader(want)
		_, err := io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{rd}, make([]byte, 100_000))
		assert.NoError(t, err)
		assert.NoError(t, c.CloseWrite())
	})
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	wg.Wait()
	require.NoError(t, c.Close())
}

func TestConnPingPong(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	server := newBlocking(s)
	var wg sync.WaitGroup
	bounce := func(rw io.ReadWriteCloser) {
		p := make([]byte, 1)
		for {
			if _, err := io.ReadFull(rw, p); err != nil {
				assert.ErrorIs(t, err, io.EOF)
				break
			}
			p[0]++
			if p[0] == 200 {
				break
			}
			if _, err := rw.Write(p); err != nil {
				assert.ErrorIs(t, err, ErrClosed)
				break
			}
		}
		assert.NoError(t, rw.Close())
	}
	wg.Go(func() { bounce(c) })
	wg.Go(func() { bounce(server) })
	_, err := s.Send([]byte{0})
	require.NoError(t, err)
	wg.Wait()
}

// wantTimeout requires err to be what a passed deadline gives.
func wantTimeout(t *testing.T, err error) {
	t.Helper()
	var ne net.Error
	require.ErrorAs(t, err, &ne)
	require.True(t, ne.Timeout())
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestConnRacyRead(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	server := newBlocking(s)
	var wg, writer sync.WaitGroup
	writer.Go(func() {
		p := make([]byte, 1024)
		for {
			if _, err := server.Write(p); err != nil {
				return
			}
		}
	})
	for range 10 {
		wg.Go(func() {
			p := make([]byte, 1024)
			for range 100 {
				_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
				if _, err := c.Read(p); err != nil {
					assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, c.Close())
	writer.Wait()
}

func TestConnRacyWrite(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	var wg, reader sync.WaitGroup
	reader.Go(func() { _, _ = io.Copy(io.Discard, newBlocking(s)) })
	for range 10 {
		wg.Go(func() {
			p := make([]byte, ringSize)
			for range 100 {
				_ = c.SetWriteDeadline(time.Now().Add(time.Millisecond))
				if _, err := c.Write(p); err != nil {
					assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, c.Close())
	reader.Wait()
}

func TestConnDeadlines(t *testing.T) {
	t.Parallel()
	bubble := func(name string, f func(t *testing.T, c *Conn, s *Socket, p []byte)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, s := Pipe()
				defer c.Close()
				f(t, c, s, make([]byte, 1024))
			})
		})
	}
	big := make([]byte, ringSize+1)

	bubble("future read", func(t *testing.T, c *Conn, _ *Socket, p []byte) {
		began := time.Now()
		require.NoError(t, c.SetReadDeadline(began.Add(time.Hour)))
		_, err := c.Read(p)
		wantTimeout(t, err)
		require.Equal(t, time.Hour, time.Since(began))
		_, err = c.Read(p)
		wantTimeout(t, err)
		_, err = c.Write(p)
		require.NoError(t, err, "a read deadline is none of Write's business")
	})
	bubble("future write", func(t *testing.T, c *Conn, s *Socket, p []byte) {
		began := time.Now()
		require.NoError(t, c.SetWriteDeadline(began.Add(time.Hour)))
		n, err := c.Write(big)
		wantTimeout(t, err)
		require.Zero(t, n)
		require.Equal(t, time.Hour, time.Since(began))
		require.False(t, s.Readable(), "what Write says it has not written cannot be received")
		_, _ = s.Send([]byte{1})
		_, err = c.Read(p)
		require.NoError(t, err, "a write deadline is none of Read's business")
	})
	bubble("past", func(t *testing.T, c *Conn, s *Socket, p []byte) {
		_, _ = s.Send([]byte{1})
		require.NoError(t, c.SetDeadline(time.Unix(1, 0)))
		n, err := c.Write(p)
		wantTimeout(t, err)
		require.Zero(t, n)
		n, err = c.Read(p)
		wantTimeout(t, err)
		require.Zero(t, n)
		require.NoError(t, c.SetDeadline(time.Time{}))
		_, err = c.Write(p)
		require.NoError(t, err, "a deadline that was taken back has no effect")
		_, err = c.Read(p)
		require.NoError(t, err)
	})
	bubble("present, while waiting", func(t *testing.T, c *Conn, _ *Socket, p []byte) {
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Read(p)
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		})
		wg.Go(func() {
			_, err := c.Write(big)
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		})
		synctest.Wait()
		require.NoError(t, c.SetDeadline(time.Now()))
		wg.Wait()
	})
	bubble("moved, while waiting", func(t *testing.T, c *Conn, _ *Socket, p []byte) {
		began := time.Now()
		require.NoError(t, c.SetReadDeadline(began.Add(time.Hour)))
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Read(p)
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.Equal(t, 2*time.Hour, time.Since(began))
		})
		synctest.Wait()
		require.NoError(t, c.SetReadDeadline(began.Add(time.Minute)))
		require.NoError(t, c.SetReadDeadline(time.Time{}))
		require.NoError(t, c.SetReadDeadline(began.Add(2*time.Hour)))
		wg.Wait()
	})
	bubble("partly written", func(t *testing.T, c *Conn, s *Socket, p []byte) {
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(time.Hour)))
		var wg sync.WaitGroup
		wg.Go(func() {
			n, err := c.Write(make([]byte, 3*ringSize))
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.Equal(t, 100, n)
		})
		synctest.Wait()
		n, err := s.Recv(p[:100])
		require.NoError(t, err)
		require.Equal(t, 100, n)
		wg.Wait()
		require.False(t, s.Readable())
	})
}

func TestConnCloseUnblocks(t *testing.T) {
	t.Parallel()
	const size = 3 * ringSize
	for _, tc := range []struct {
		name        string
		close       func(c *Conn, s *Socket) error
		read, write error
		written     int
		after       error // of a Write after a Read
	}{
		{"own", func(c *Conn, _ *Socket) error { return c.Close() }, net.ErrClosed, net.ErrClosed, 0, net.ErrClosed},
		{"other", func(_ *Conn, s *Socket) error { return s.Close() }, io.EOF, nil, size, ErrClosed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, s := Pipe()
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						_, err := c.Read(make([]byte, 1))
						assert.ErrorIs(t, err, tc.read)
					})
					wg.Go(func() {
						n, err := c.Write(make([]byte, size))
						if err != nil && tc.write == nil {
							assert.ErrorIs(t, err, tc.after, "a Read may be done before")
							return
						}
						assert.Equal(t, tc.written, n)
						assert.ErrorIs(t, err, tc.write)
					})
				}
				synctest.Wait()
				require.NoError(t, tc.close(c, s))
				wg.Wait()
				require.NoError(t, tc.close(c, s), "Close can be called again")
				_, err := c.Read(make([]byte, 1))
				require.ErrorIs(t, err, tc.read)
				_, err = c.Write(make([]byte, 1))
				require.ErrorIs(t, err, tc.after)
			})
		})
	}
}

func TestConnDeadlineAfterClose(t *testing.T) {
	t.Parallel()
	c, _ := Pipe()
	require.NoError(t, c.CloseWrite())
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Hour)), "half of it is still open")
	require.ErrorIs(t, c.SetWriteDeadline(time.Time{}), net.ErrClosed)
	require.NoError(t, c.Close())
	require.ErrorIs(t, c.SetDeadline(time.Time{}), net.ErrClosed)
	require.ErrorIs(t, c.SetReadDeadline(time.Time{}), net.ErrClosed)
}

func TestConnConcurrentMethods(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	var wg, echo sync.WaitGroup
	server := newBlocking(s)
	echo.Go(func() { _, _ = io.Copy(struct{ io.Writer }{server}, struct{ io.Reader }{server}) })
	for range 50 {
		wg.Go(func() { _, _ = c.Read(make([]byte, 1024)) })
		wg.Go(func() { _, _ = c.Write(make([]byte, 1024)) })
		wg.Go(func() { _ = c.SetDeadline(time.Now().Add(10 * time.Millisecond)) })
		wg.Go(func() { _ = c.SetReadDeadline(longAgo) })
		wg.Go(func() { _ = c.SetWriteDeadline(time.Now().Add(time.Hour)) })
		wg.Go(func() { assert.Equal(t, "calf", c.LocalAddr().Network()) })
		wg.Go(func() { assert.Equal(t, "calf", c.RemoteAddr().String()) })
	}
	wg.Wait()
	require.NoError(t, c.Close())
	echo.Wait()
}

func TestConnWritesDoNotMix(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	const writers, size = 5, 3*ringSize + 17
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			n, err := c.Write(bytes.Repeat([]byte{byte(i)}, size))
			assert.NoError(t, err)
			assert.Equal(t, size, n)
		})
	}
	wg.Go(func() {
		server := newBlocking(s)
		p := make([]byte, size)
		for range writers {
			_, err := io.ReadFull(server, p)
			assert.NoError(t, err)
			assert.Equal(t, size, bytes.Count(p, p[:1]))
		}
	})
	wg.Wait()
	require.NoError(t, c.Close())
}

func TestConnZeroLength(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	n, err := c.Read(nil)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = c.Write(nil)
	require.NoError(t, err)
	require.Zero(t, n)
	require.False(t, s.Readable())
	require.NoError(t, c.Close())
	_, err = c.Write(nil)
	require.True(t, errors.Is(err, net.ErrClosed))
}
