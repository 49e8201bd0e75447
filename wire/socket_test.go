package wire

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSocketNeverBlocks(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	p := make([]byte, ringSize)

	require.False(t, s.Readable())
	require.True(t, s.Writable())
	_, err := s.Recv(p)
	require.ErrorIs(t, err, ErrWouldBlock)
	n, err := s.Recv(nil)
	require.NoError(t, err)
	require.Zero(t, n)

	_, err = c.Write([]byte("query"))
	require.NoError(t, err)
	require.True(t, s.Readable())
	n, err = s.Recv(p[:3])
	require.NoError(t, err)
	require.Equal(t, "que", string(p[:n]))
	n, err = s.Recv(p)
	require.NoError(t, err)
	require.Equal(t, "ry", string(p[:n]))
	require.False(t, s.Readable())

	n, err = s.Send(make([]byte, ringSize-1))
	require.NoError(t, err)
	require.Equal(t, ringSize-1, n)
	require.True(t, s.Writable())
	n, err = s.Send(make([]byte, 10))
	require.NoError(t, err)
	require.Equal(t, 1, n, "a Send takes what fits")
	require.False(t, s.Writable())
	_, err = s.Send([]byte{1})
	require.ErrorIs(t, err, ErrWouldBlock)
	n, err = s.Send(nil)
	require.NoError(t, err)
	require.Zero(t, n)
	require.False(t, s.Writable())
}

func TestSocketAfterClientCloses(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	p := make([]byte, 10)
	_, err := c.Write([]byte("bye"))
	require.NoError(t, err)
	_, err = s.Send([]byte("unread"))
	require.NoError(t, err)
	require.NoError(t, c.Close())

	require.True(t, s.Readable())
	n, err := s.Recv(p)
	require.NoError(t, err)
	require.Equal(t, "bye", string(p[:n]))
	require.True(t, s.Readable(), "so is the end")
	_, err = s.Recv(p)
	require.ErrorIs(t, err, io.EOF)
	require.True(t, s.Writable(), "there is nothing to wait for")
	_, err = s.Send(p)
	require.ErrorIs(t, err, ErrClosed)
}

func TestSocketAfterClientClosesItsWritingSide(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	p := make([]byte, 10)
	require.NoError(t, c.CloseWrite())
	_, err := s.Recv(p)
	require.ErrorIs(t, err, io.EOF)
	_, err = s.Send([]byte("answer"))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, "answer", string(got))
	_, err = c.Write(p)
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestSocketAfterClose(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	_, err := c.Write([]byte("dropped"))
	require.NoError(t, err)
	_, err = s.Send([]byte("last words"))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err = s.Recv(make([]byte, 10))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = s.Send([]byte{1})
	require.ErrorIs(t, err, net.ErrClosed)
	require.True(t, s.Readable())
	require.True(t, s.Writable())
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, "last words", string(got))
}

func TestSocketTakesFromAWaitingWriter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := Pipe()
		want := make([]byte, 10*ringSize+5)
		for i := range want {
			want[i] = byte(rand.Uint32())
		}
		returned := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Write(want[:10])
			assert.NoError(t, err)
			n, err := c.Write(want[10:])
			assert.NoError(t, err)
			assert.Equal(t, len(want)-10, n)
			close(returned)
		})
		synctest.Wait()
		require.Equal(t, 10, c.p.up.ring.n, "the large write is not copied")

		got := make([]byte, len(want))
		n := 0
		for len(want)-n > ringSize {
			m, err := s.Recv(got[n:min(n+1000, len(got))])
			require.NoError(t, err)
			n += m
		}
		synctest.Wait()
		select {
		case <-returned:
		default:
			t.Fatal("the writer waits although the rest of its bytes fits the buffer")
		}
		for n < len(got) {
			m, err := s.Recv(got[n:])
			require.NoError(t, err)
			n += m
		}
		require.True(t, bytes.Equal(want, got))
		wg.Wait()
	})
}

func TestSocketNotify(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	var calls atomic.Int32
	s.SetNotify(func() {
		calls.Add(1)
		s.Readable() // would deadlock if a lock were held
		s.Writable()
		_, _ = s.Recv(nil)
		_, _ = s.Send(nil)
	})
	told := func() bool { return calls.Swap(0) > 0 }
	p := make([]byte, 2*ringSize)

	_, _ = c.Write(p[:10])
	require.True(t, told(), "something to receive")
	_, _ = c.Write(p[:10])
	require.False(t, told(), "more of it, which is no news")
	_, _ = s.Recv(p)
	_, _ = c.Write(p[:10])
	require.True(t, told(), "something again")

	n, _ := s.Send(p)
	require.Equal(t, ringSize, n)
	_, _ = c.Read(p[:10])
	require.False(t, told(), "room, but little")
	require.False(t, s.Writable())
	_, _ = c.Read(p[:ringSize/2])
	require.True(t, told(), "half of it free")
	require.True(t, s.Writable())
	_, _ = c.Read(p)
	require.False(t, told(), "nobody was waiting")

	_ = c.CloseWrite()
	require.True(t, told(), "the end of the client's bytes")
	_ = c.Close()
	require.True(t, told(), "the end")

	s.SetNotify(nil)
	_ = s.Close()
	require.False(t, told())
}

func TestSocketNotifiesOfAWaitingWriter(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	told := make(chan struct{}, 1)
	s.SetNotify(func() { told <- struct{}{} })
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := c.Write(make([]byte, 2*ringSize))
		assert.NoError(t, err, "as far as a client can know before it reads")
	})
	<-told
	require.True(t, s.Readable())
	s.SetNotify(nil)
	require.NoError(t, s.Close())
	wg.Wait()
}

func TestIdlePipesHoldLittle(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	p := make([]byte, ringSize)
	for range 2 {
		_, err := c.Write(p)
		require.NoError(t, err)
		_, err = s.Send(p)
		require.NoError(t, err)
		_, err = io.ReadFull(c, p)
		require.NoError(t, err)
		_, err = s.Recv(p)
		require.NoError(t, err)
		require.Nil(t, c.p.up.ring.large)
		require.Nil(t, c.p.down.ring.large)
	}
}

func TestRoundTripDoesNotAllocate(t *testing.T) {
	c, s := Pipe()
	s.SetNotify(func() {})
	p := make([]byte, 256)
	allocs := testing.AllocsPerRun(1000, func() {
		_, _ = c.Write(p[:64])
		_, _ = s.Recv(p)
		_, _ = s.Send(p[:128])
		_, _ = c.Read(p)
	})
	require.Zero(t, allocs)
}

// TestHammerPipe uses both ends from many goroutines and closes them at any time; nothing may hang, race or mix up bytes.
func TestHammerPipe(t *testing.T) {
	t.Parallel()
	for round := range 100 {
		c, s := Pipe()
		server := newBlocking(s)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for {
					if _, err := c.Write(make([]byte, rand.IntN(2*ringSize))); err != nil {
						return
					}
				}
			})
			wg.Go(func() {
				p := make([]byte, 1+rand.IntN(ringSize))
				for {
					if _, err := c.Read(p); err != nil {
						return
					}
				}
			})
		}
		var moved atomic.Int64
		enough := make(chan struct{})
		wg.Go(func() {
			p := make([]byte, 1+rand.IntN(ringSize))
			for {
				n, err := server.Read(p)
				if err != nil {
					return
				}
				if m := moved.Add(int64(n)); m > 1<<20 && m-int64(n) <= 1<<20 {
					close(enough)
				}
			}
		})
		wg.Go(func() {
			for {
				if _, err := server.Write(make([]byte, rand.IntN(ringSize))); err != nil {
					return
				}
			}
		})
		<-enough
		wg.Go(func() { _ = c.Close() })
		if round%2 == 0 {
			wg.Go(func() { _ = s.Close() })
		}
		wg.Wait()
	}
}

func TestSocketHangsUp(t *testing.T) {
	t.Parallel()
	c, s := Pipe()
	p := make([]byte, 2*ringSize)
	n, err := s.Send(p)
	require.NoError(t, err)
	require.Equal(t, ringSize, n)
	require.False(t, s.Writable())
	told := false
	s.SetNotify(func() { told = true })
	s.HangUp()
	require.True(t, told)
	require.True(t, s.Writable(), "there is nothing to wait for")
	_, err = s.Send(p)
	require.ErrorIs(t, err, ErrClosed)
	n, err = c.Read(p)
	require.NoError(t, err)
	require.Equal(t, ringSize, n, "what was sent before can be read")
	n, err = s.Send([]byte("why"))
	require.NoError(t, err, "who reads gets more")
	require.Equal(t, 3, n)
}
