package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outcome is what a method of a net.Conn gave, as far as its users may tell.
func outcome(n int, err error) string {
	var ne net.Error
	switch {
	case err == nil:
		return strings.Repeat("x", n) + " ok"
	case err == io.EOF:
		return "EOF"
	case errors.Is(err, os.ErrDeadlineExceeded) && errors.As(err, &ne) && ne.Timeout() && strings.HasSuffix(err.Error(), "i/o timeout"):
		return "timeout"
	case errors.Is(err, net.ErrClosed) && strings.HasSuffix(err.Error(), "use of closed network connection"):
		return "closed"
	}
	return err.Error()
}

// connPairs make connections that must not be told apart by the client's end, which comes first.
var connPairs = map[string]func(t *testing.T) (net.Conn, io.ReadWriteCloser){
	"memory": func(*testing.T) (net.Conn, io.ReadWriteCloser) {
		c, s := Pipe()
		return c, newBlocking(s)
	},
	"TCP": func(t *testing.T) (net.Conn, io.ReadWriteCloser) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		s, err := l.Accept()
		require.NoError(t, err)
		return c, s
	},
}

// A connection in memory does what one over TCP does, as far as a program sees.
func TestConnIsLikeTCP(t *testing.T) {
	t.Parallel()
	past := time.Unix(1, 0)
	blockedWrite := func(c net.Conn) string { // no buffer takes that much
		for {
			if n, err := c.Write(make([]byte, 1<<20)); err != nil {
				assert.Less(t, n, 1<<20)
				return outcome(0, err)
			}
		}
	}
	// during runs a method that waits, and meanwhile something that ends it.
	during := func(end func(), method func() string) (got string) {
		var wg sync.WaitGroup
		wg.Go(func() { got = method() })
		end()
		wg.Wait()
		return got
	}
	read := func(c net.Conn, n int) string { return outcome(c.Read(make([]byte, n))) }
	write := func(c net.Conn, n int) string { return outcome(c.Write(make([]byte, n))) }
	// arrived waits until something can be read, and reads one byte of it.
	arrived := func(c net.Conn) {
		_, err := io.ReadFull(c, make([]byte, 1))
		assert.NoError(t, err)
	}
	for _, tc := range []struct {
		name string
		do   func(c net.Conn, s io.ReadWriteCloser) []string
		want []string
	}{
		{"passed deadline", func(c net.Conn, s io.ReadWriteCloser) []string {
			_, _ = s.Write([]byte("ab"))
			arrived(c)
			_ = c.SetDeadline(past)
			got := []string{read(c, 1), read(c, 1), read(c, 0), write(c, 1), write(c, 0)}
			_ = c.SetDeadline(time.Time{})
			return append(got, read(c, 1), write(c, 1))
		}, []string{"timeout", "timeout", " ok", "timeout", "timeout", "x ok", "x ok"}},
		{"passed read deadline", func(c net.Conn, _ io.ReadWriteCloser) []string {
			_ = c.SetReadDeadline(past)
			return []string{read(c, 1), write(c, 1)}
		}, []string{"timeout", "x ok"}},
		{"passed write deadline", func(c net.Conn, s io.ReadWriteCloser) []string {
			_ = c.SetWriteDeadline(past)
			_, _ = s.Write([]byte("a"))
			return []string{write(c, 1), read(c, 1)}
		}, []string{"timeout", "x ok"}},
		{"deadline while reading", func(c net.Conn, _ io.ReadWriteCloser) []string {
			got := during(func() { _ = c.SetDeadline(past) }, func() string { return read(c, 1) })
			return []string{got, write(c, 1)}
		}, []string{"timeout", "timeout"}},
		{"deadline while writing", func(c net.Conn, _ io.ReadWriteCloser) []string {
			got := during(func() { _ = c.SetDeadline(time.Now()) }, func() string { return blockedWrite(c) })
			return []string{got, read(c, 1)}
		}, []string{"timeout", "timeout"}},
		{"future deadline", func(c net.Conn, _ io.ReadWriteCloser) []string {
			_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
			return []string{read(c, 1), write(c, 1)}
		}, []string{"timeout", "x ok"}},
		{"close while reading", func(c net.Conn, _ io.ReadWriteCloser) []string {
			return []string{during(func() { _ = c.Close() }, func() string { return read(c, 1) })}
		}, []string{"closed"}},
		{"close while writing", func(c net.Conn, _ io.ReadWriteCloser) []string {
			return []string{during(func() { _ = c.Close() }, func() string { return blockedWrite(c) })}
		}, []string{"closed"}},
		{"after close", func(c net.Conn, _ io.ReadWriteCloser) []string {
			_ = c.Close()
			return []string{
				read(c, 1), read(c, 0), write(c, 1), write(c, 0),
				outcome(0, c.SetDeadline(past)), outcome(0, c.SetReadDeadline(past)), outcome(0, c.SetWriteDeadline(time.Time{})),
			}
		}, []string{"closed", "closed", "closed", "closed", "closed", "closed", "closed"}},
		{"after close with a passed deadline", func(c net.Conn, _ io.ReadWriteCloser) []string {
			_ = c.SetDeadline(past)
			_ = c.Close()
			return []string{read(c, 1), write(c, 1)}
		}, []string{"closed", "closed"}},
		{"the other end closes", func(c net.Conn, s io.ReadWriteCloser) []string {
			_, _ = s.Write([]byte("abc"))
			_ = s.Close()
			arrived(c)
			return []string{write(c, 1), read(c, 5), read(c, 0)}
		}, []string{"x ok", "xx ok", " ok"}},
		{"the other end closes, and the client reads first", func(c net.Conn, s io.ReadWriteCloser) []string {
			_ = s.Close()
			return []string{read(c, 1), read(c, 1)}
		}, []string{"EOF", "EOF"}},
	} {
		for name, pair := range connPairs {
			t.Run(tc.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				c, s := pair(t)
				defer s.Close()
				defer c.Close()
				require.Equal(t, tc.want, tc.do(c, s))
			})
		}
	}
}
