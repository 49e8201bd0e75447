package wire

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

func TestServerTruncatedStartup(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", nil)
	whole := startupPacket(t, nil)
	for n := range len(whole) {
		c := s.dial(t)
		_, err := c.Write(whole[:n])
		require.NoError(t, err)
		require.NoError(t, c.(*net.TCPConn).CloseWrite())
		requireClosed(t, c)
		c.Close()
	}
	require.Zero(t, s.cluster.pids.Load())
	c, err := s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	requireAlive(t, c)
}

func TestServerGarbage(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", nil)
	for name, in := range map[string]string{
		"HTTP":              "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"zeros":             strings.Repeat("\x00", 100),
		"ones":              strings.Repeat("\xff", 100),
		"TLS without TLS":   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"TLS after SSL":     string(packet(negotiateGSSCode, "")) + "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"cancel, no key":    string(packet(cancelRequestCode, "\x00\x00\x00\x01")),
		"cancel of nothing": string(packet(cancelRequestCode, "\x00\x00\x00\x01nope")),
	} {
		c := s.dial(t)
		_, err := c.Write([]byte(in))
		require.NoError(t, err, name)
		if name == "TLS after SSL" {
			_, _ = c.Read(make([]byte, 1)) // 'N', which Windows forgets if the connection has been reset by now
		}
		requireClosed(t, c)
	}
	require.Zero(t, s.cluster.pids.Load())
}

func TestServerUnsupportedProtocol(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", nil)
	for _, tc := range []struct {
		name   string
		before string
		in     []byte
		want   string
	}{
		{"2.0", "", packet(2<<16, "user"), "unsupported frontend protocol 2.0"},
		{"4.0", "", packet(4<<16, "user"), "unsupported frontend protocol 4.0"},
		{"SSL twice", "N", packet(negotiateSSLCode, ""), "unsupported frontend protocol 1234.5679"},
		{"GSSENC twice", "N", packet(negotiateGSSCode, ""), "unsupported frontend protocol 1234.5680"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := s.dial(t)
			if tc.before != "" {
				_, err := c.Write(tc.in)
				require.NoError(t, err)
				answer := make([]byte, 1)
				_, err = c.Read(answer)
				require.NoError(t, err)
				require.Equal(t, tc.before, string(answer))
			}
			_, err := c.Write(tc.in)
			require.NoError(t, err)
			m := receiveFatal(t, c)
			require.Equal(t, "0A000", m.Code)
			require.Contains(t, m.Message, tc.want)
		})
	}
}

// A man in the middle may put plain bytes behind the client's request for TLS, in the hope that the server takes them for
// the first bytes of the session (CVE-2021-23214).
func TestServerRejectsPlainBytesBeforeTLS(t *testing.T) {
	t.Parallel()
	config, _ := tlsConfigs(t)
	s := serve(t, "tcp", func(s *Server, _ *scripted) { s.TLS = config })
	c := s.dial(t)
	_, err := c.Write(append(packet(negotiateSSLCode, ""), startupPacket(t, nil)...))
	require.NoError(t, err)
	answer := make([]byte, 1)
	_, err = c.Read(answer)
	require.NoError(t, err)
	require.Equal(t, "S", string(answer))
	m := receiveFatal(t, c)
	require.Equal(t, "08P01", m.Code)
	require.Equal(t, "received unencrypted data after SSL request", m.Message)
	requireClosed(t, c)
	require.Zero(t, s.cluster.pids.Load())
}

func TestServerDirectTLSNeedsALPN(t *testing.T) {
	t.Parallel()
	server, client := tlsConfigs(t)
	s := serve(t, "tcp", func(s *Server, _ *scripted) { s.TLS = server })

	client.NextProtos = nil
	c := tls.Client(s.dial(t), client)
	if err := c.Handshake(); err == nil {
		_, _ = c.Write(startupPacket(t, nil))
		_, err = c.Read(make([]byte, 1))
		require.Error(t, err)
	}

	client.NextProtos = []string{"h2"}
	require.Error(t, tls.Client(s.dial(t), client).Handshake())
	require.NoError(t, s.Shutdown(t.Context(), Smart))
	require.Zero(t, s.cluster.pids.Load())
	require.Contains(t, s.log.String(), "without ALPN")
}

func TestServerDirectTLSBytewise(t *testing.T) {
	t.Parallel()
	server, client := tlsConfigs(t)
	s := serve(t, "tcp", func(s *Server, _ *scripted) { s.TLS = server })
	c := tls.Client(bytewise{s.dial(t)}, client)
	require.NoError(t, c.Handshake())
	_, err := c.Write(startupPacket(t, nil))
	require.NoError(t, err)
	first := make([]byte, 1)
	_, err = c.Read(first)
	require.NoError(t, err)
	require.Equal(t, "R", string(first))
	require.NoError(t, c.Close())
}

// bytewise is a connection that sends every byte by itself.
type bytewise struct{ net.Conn }

func (b bytewise) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := b.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

func TestServerStartupBytewise(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", nil)
	c := bytewise{s.dial(t)}
	_, err := c.Write(bytes.Join([][]byte{packet(negotiateGSSCode, ""), packet(negotiateSSLCode, ""), startupPacket(t, nil)}, nil))
	require.NoError(t, err)
	got := make([]byte, 3)
	for i := range got {
		_, err = c.Read(got[i : i+1])
		require.NoError(t, err)
	}
	require.Equal(t, "NNR", string(got))
}

// reticent returns a client that does not get as far as a session, and waits until the server hangs up; kind says how far it
// gets, and from 100 on it says nothing.
func reticent(t *testing.T, kind int, client *tls.Config) func(c net.Conn) {
	whole := startupPacket(t, nil)
	if kind >= 100 {
		kind = 0
	}
	return func(c net.Conn) {
		defer c.Close()
		switch kind % 4 {
		case 1: // a part of a packet
			_, _ = c.Write(whole[:1+kind%(len(whole)-1)])
		case 2: // a part of a handshake
			_, _ = c.Write(packet(negotiateSSLCode, ""))
			_, _ = c.Read(make([]byte, 1))
			_, _ = c.Write([]byte{tlsHandshake, 3, 1})
		case 3: // nothing after the handshake
			_, _ = c.Write(packet(negotiateSSLCode, ""))
			_, _ = c.Read(make([]byte, 1))
			_ = tls.Client(c, client).Handshake()
		}
		_, _ = c.Read(make([]byte, 1))
	}
}

// A client that says nothing, or not all, is given authentication_timeout, or StartupTimeout.
func TestServerSilentClients(t *testing.T) {
	t.Parallel()
	server, client := tlsConfigs(t)
	for name, timeout := range map[string]time.Duration{"the cluster's": 0, "of its own": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ln := newMemListener()
				s := serveAt(t, ln, func(s *Server, _ *scripted) { s.TLS, s.StartupTimeout = server, timeout })
				began := time.Now()
				var wg sync.WaitGroup
				for i := range lobbySize {
					wg.Go(func() {
						c, err := ln.dial()
						if err != nil {
							t.Error(err)
							return
						}
						reticent(t, i, client)(c)
					})
				}
				wg.Wait()
				require.Equal(t, cmp.Or(timeout, authenticationTimeout), time.Since(began))
				require.Zero(t, s.cluster.pids.Load())
			})
		})
	}
}

// However many say nothing, who wants a session or to cancel a statement gets through at once; the oldest of the silent ones
// have to go.
func TestServerListensPastSilentClients(t *testing.T) {
	t.Parallel()
	const more = 100
	server, client := tlsConfigs(t)
	synctest.Test(t, func(t *testing.T) {
		ln := newMemListener()
		s := serveAt(t, ln, func(s *Server, c *scripted) {
			s.TLS, s.MaxConnections, c.waiting = server, 1, make(chan struct{})
		})
		began := time.Now()
		var wg sync.WaitGroup
		silent := make([]net.Conn, lobbySize+more)
		for i := range silent {
			c, err := ln.dial()
			require.NoError(t, err)
			silent[i] = c
			wg.Go(func() { reticent(t, i, client)(c) })
			synctest.Wait()
		}
		for i, c := range silent[:more] {
			_, err := c.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.ErrClosedPipe, i)
		}

		session, err := ln.dial()
		require.NoError(t, err)
		_, err = session.Write(startupPacket(t, nil))
		require.NoError(t, err)
		frontend := pgproto3.NewFrontend(session, session)
		var pid uint32
		for ready := false; !ready; {
			m, err := frontend.Receive()
			require.NoError(t, err)
			switch m := m.(type) {
			case *pgproto3.BackendKeyData:
				pid = m.ProcessID
			case *pgproto3.ReadyForQuery:
				ready = true
			}
		}
		frontend.Send(&pgproto3.Query{String: "wait"})
		require.NoError(t, frontend.Flush())
		<-s.cluster.waiting

		refused, err := ln.dial()
		require.NoError(t, err)
		_, err = refused.Write(startupPacket(t, nil))
		require.NoError(t, err)
		require.Equal(t, "53300", receiveFatal(t, refused).Code)
		require.NoError(t, refused.Close())

		cancel, err := ln.dial()
		require.NoError(t, err)
		_, err = cancel.Write(packet(cancelRequestCode, string([]byte{0, 0, 0, byte(pid)})+string(cancelKey(pid))))
		require.NoError(t, err)
		m, err := frontend.Receive()
		require.NoError(t, err)
		require.Equal(t, "57014", m.(*pgproto3.ErrorResponse).Code)
		require.Zero(t, time.Since(began), "nothing had to wait for a timeout")
		require.NoError(t, cancel.Close())
		require.NoError(t, session.Close())
		for _, c := range silent {
			_ = c.Close()
		}
		wg.Wait()
		require.Contains(t, s.log.String(), "too many connections without a session")
	})
}

// memListener is a listener in memory, which works with a fake clock.
type memListener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
	mu    sync.Mutex
	errs  []error // what the next Accepts fail with
}

func newMemListener() *memListener {
	return &memListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memListener) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Accept() (net.Conn, error) {
	l.mu.Lock()
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		l.mu.Unlock()
		return nil, err
	}
	l.mu.Unlock()
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *memListener) Addr() net.Addr { return addr{} }

// busy is a temporary failure of a listener.
type busy struct{ error }

func (busy) Temporary() bool { return true }

func TestServerListenerFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ln := newMemListener()
		broken := errors.New("broken")
		for range 20 {
			ln.errs = append(ln.errs, busy{errors.New("too many open files")})
		}
		ln.errs = append(ln.errs, broken)
		began := time.Now()
		err := (&Server{Cluster: &scripted{}}).Serve(t.Context(), ln)
		require.ErrorIs(t, err, broken)
		require.Greater(t, time.Since(began), 10*time.Second, "a temporary failure is waited out, longer each time")
	})
}

func FuzzServer(f *testing.F) {
	whole := startupPacket(f, nil)
	f.Add(whole)
	f.Add(append(packet(negotiateSSLCode, ""), whole...))
	f.Add(append(packet(negotiateGSSCode, ""), whole...))
	f.Add(packet(cancelRequestCode, "\x00\x00\x00\x01keys"))
	f.Add(binary.BigEndian.AppendUint32(nil, 8))
	server, _ := tlsConfigs(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		synctest.Test(t, func(t *testing.T) {
			ln := newMemListener()
			serveAt(t, ln, func(s *Server, _ *scripted) { s.TLS = server })
			c, err := ln.dial()
			require.NoError(t, err)
			var wg sync.WaitGroup
			wg.Go(func() {
				p := make([]byte, 1024)
				for {
					if _, err := c.Read(p); err != nil {
						return
					}
				}
			})
			_, _ = c.Write(in)
			synctest.Wait()
			_ = c.Close()
			wg.Wait()
		})
	})
}

// What can be asked for under TLS is what PostgreSQL lets be asked for there.
func TestServerRequestsUnderTLS(t *testing.T) {
	t.Parallel()
	server, client := tlsConfigs(t)
	s := serve(t, "tcp", func(s *Server, _ *scripted) { s.TLS = server })

	asked := upgrade(t, s.dial(t), client)
	_, err := asked.Write(packet(negotiateGSSCode, ""))
	require.NoError(t, err)
	require.Equal(t, "0A000", receiveFatal(t, asked).Code)

	direct := tls.Client(s.dial(t), client)
	require.NoError(t, direct.Handshake())
	for _, code := range []uint32{negotiateSSLCode, negotiateGSSCode} {
		_, err = direct.Write(packet(code, ""))
		require.NoError(t, err)
		answer := make([]byte, 1)
		_, err = direct.Read(answer)
		require.NoError(t, err)
		require.Equal(t, "N", string(answer))
	}
}
