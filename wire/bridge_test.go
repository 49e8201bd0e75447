package wire

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kinds are the connections that tests of a bridge run over.
var kinds = []struct {
	name string
	open func(testing.TB) (client, server net.Conn)
}{
	{"tcp", func(tb testing.TB) (net.Conn, net.Conn) { return dialed(tb, "tcp", "127.0.0.1:0") }},
	{"unix", func(tb testing.TB) (net.Conn, net.Conn) {
		return dialed(tb, "unix", filepath.Join(tb.TempDir(), "s"))
	}},
	{"tls", func(tb testing.TB) (net.Conn, net.Conn) {
		c, s := dialed(tb, "tcp", "127.0.0.1:0")
		serverConfig, clientConfig := tlsConfigs(tb)
		client, server := tls.Client(c, clientConfig), tls.Server(s, serverConfig)
		var wg sync.WaitGroup
		wg.Go(func() { assert.NoError(tb, server.Handshake()) })
		require.NoError(tb, client.Handshake())
		wg.Wait()
		return client, server
	}},
	{"net.Pipe", func(testing.TB) (net.Conn, net.Conn) { return net.Pipe() }},
}

func forKinds(t *testing.T, f func(t *testing.T, client, server net.Conn)) {
	t.Helper()
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			client, server := k.open(t)
			defer client.Close()
			f(t, client, server)
		})
	}
}

func TestBridgeMovesBytesBothWays(t *testing.T) {
	forKinds(t, func(t *testing.T, client, conn net.Conn) {
		s, done := Bridge(conn, []byte("first, "))
		require.Equal(t, conn.RemoteAddr(), s.RemoteAddr())
		require.True(t, s.Readable(), "the first bytes are there at once")
		server := newBlocking(s)
		want := make([]byte, 4<<20)
		for i := range want {
			want[i] = byte(rand.Uint32())
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := client.Write(want)
			assert.NoError(t, err)
		})
		wg.Go(func() { // echo
			_, err := io.CopyN(struct{ io.Writer }{server}, struct{ io.Reader }{server}, int64(len("first, ")+len(want)))
			assert.NoError(t, err)
			assert.NoError(t, s.Close())
		})
		got, err := io.ReadAll(client)
		require.NoError(t, err)
		require.True(t, bytes.Equal(append([]byte("first, "), want...), got))
		wg.Wait()
		require.NoError(t, client.Close())
		<-done
	})
}

func TestBridgeDeliversLastWords(t *testing.T) {
	forKinds(t, func(t *testing.T, client, conn net.Conn) {
		s, done := Bridge(conn, nil)
		if _, buffers := conn.(interface{ CloseWrite() error }); buffers {
			// What the backend never reads must not reset the connection and take the last words with it.
			_, err := client.Write(make([]byte, ringSize+ringSize/4))
			require.NoError(t, err)
		}
		_, err := s.Send([]byte("FATAL"))
		require.NoError(t, err)
		require.NoError(t, s.Close())
		got, err := io.ReadAll(client)
		require.NoError(t, err)
		require.Equal(t, "FATAL", string(got))
		require.NoError(t, client.Close())
		<-done
	})
}

func TestBridgeClientCloses(t *testing.T) {
	forKinds(t, func(t *testing.T, client, conn net.Conn) {
		s, done := Bridge(conn, nil)
		_, err := client.Write([]byte("bye"))
		require.NoError(t, err)
		require.NoError(t, client.Close())
		got, err := io.ReadAll(newBlocking(s))
		require.NoError(t, err)
		require.Equal(t, "bye", string(got))
		require.NoError(t, s.Close())
		<-done
		_, err = conn.Write([]byte{1})
		require.Error(t, err, "the connection itself is closed")
	})
}

func TestBridgeClientClosesItsWritingSide(t *testing.T) {
	t.Parallel()
	client, conn := dialed(t, "tcp", "127.0.0.1:0")
	s, done := Bridge(conn, nil)
	require.NoError(t, client.(*net.TCPConn).CloseWrite())
	server := newBlocking(s)
	_, err := server.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	_, err = server.Write(make([]byte, 5*ringSize))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	got, err := io.ReadAll(client)
	require.NoError(t, err)
	require.Len(t, got, 5*ringSize)
	<-done
	require.NoError(t, client.Close())
}

func TestBridgeClosingConnEndsIt(t *testing.T) {
	forKinds(t, func(t *testing.T, _, conn net.Conn) {
		s, done := Bridge(conn, nil)
		server := newBlocking(s)
		require.NoError(t, conn.Close())
		<-done
		_, err := server.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		_, err = server.Write([]byte{1})
		require.ErrorIs(t, err, ErrClosed)
		require.NoError(t, s.Close())
	})
}

func TestBridgeHoldsUpTheFasterSide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, conn := net.Pipe()
		s, done := Bridge(conn, nil)
		var wg sync.WaitGroup
		written := 0
		wg.Go(func() {
			for {
				n, err := client.Write(make([]byte, 1000))
				if written += n; err != nil {
					return
				}
			}
		})
		sent := 0
		for {
			n, err := s.Send(make([]byte, 1000))
			if sent += n; errors.Is(err, ErrWouldBlock) {
				synctest.Wait() // the bridge takes what it takes
				if !s.Writable() {
					break
				}
			}
		}
		synctest.Wait()
		require.Less(t, written, 3*ringSize, "a client that is not listened to")
		require.Less(t, sent, 3*ringSize, "a client that does not listen")
		require.NoError(t, client.Close())
		<-done
		wg.Wait()
		require.NoError(t, s.Close())
	})
}

func TestBridgeGivesUpOnAClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, conn := net.Pipe()
		defer client.Close()
		s, done := Bridge(conn, nil)
		_, err := s.Send([]byte("FATAL"))
		require.NoError(t, err)
		began := time.Now()
		require.NoError(t, s.Close())
		<-done
		require.Equal(t, flushTimeout, time.Since(began))
	})
}

// deaf is a connection whose peer neither reads nor hangs up, with room for everything.
type deaf struct{ net.Conn }

func (deaf) Write(p []byte) (int, error) { return len(p), nil }
func (deaf) CloseWrite() error           { return nil }

func TestBridgeGivesUpOnAClientThatDoesNotHangUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, conn := net.Pipe()
		defer client.Close()
		s, done := Bridge(deaf{conn}, nil)
		_, err := s.Send([]byte("FATAL"))
		require.NoError(t, err)
		began := time.Now()
		require.NoError(t, s.Close())
		<-done
		require.Equal(t, drainTimeout, time.Since(began))
	})
}

func TestBridgeFirstBytesOfAnyLength(t *testing.T) {
	t.Parallel()
	client, conn := net.Pipe()
	s, done := Bridge(conn, make([]byte, 5*ringSize))
	server := newBlocking(s)
	n, err := io.ReadFull(server, make([]byte, 5*ringSize))
	require.NoError(t, err)
	require.Equal(t, 5*ringSize, n)
	require.NoError(t, client.Close())
	require.NoError(t, s.Close())
	<-done
}

// A client that has left is noticed although what it sent is still to be received.
func TestBridgeClientHangsUp(t *testing.T) {
	forKinds(t, func(t *testing.T, client, conn net.Conn) {
		s, done := Bridge(conn, []byte("first"))
		require.False(t, s.HungUp())
		require.NoError(t, client.Close())
		for !s.HungUp() {
			runtime.Gosched()
		}
		require.True(t, s.Readable())
		require.NoError(t, s.Close())
		<-done
	})
}

// It is noticed also when that is more than the bridge holds.
func TestBridgeClientHangsUpBehindALot(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("where there is no POLLRDHUP, it takes reading to know")
	}
	forKinds(t, func(t *testing.T, client, conn net.Conn) {
		if _, ok := client.(interface{ CloseWrite() error }); !ok {
			t.Skip("net.Pipe holds nothing")
		}
		s, done := Bridge(conn, nil)
		_, err := client.Write(make([]byte, ringSize+ringSize/4))
		require.NoError(t, err)
		require.False(t, s.HungUp())
		require.NoError(t, client.Close())
		for !s.HungUp() {
			runtime.Gosched()
		}
		require.NoError(t, conn.Close())
		require.NoError(t, s.Close())
		<-done
	})
}
