package wire

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// transports are the connections that the benchmarks compare: what a client holds, and what serves it.
var transports = []struct {
	name string
	open func(testing.TB) (client io.ReadWriteCloser, server io.ReadWriteCloser)
}{
	{"calf", func(testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) {
		c, s := Pipe()
		return c, newBlocking(s)
	}},
	{"net.Pipe", func(testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) {
		c, s := net.Pipe()
		return c, s
	}},
	{"unix", func(tb testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) {
		c, s := dialed(tb, "unix", filepath.Join(tb.TempDir(), "s"))
		return c, s
	}},
	{"tcp", func(tb testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) {
		c, s := dialed(tb, "tcp", "127.0.0.1:0")
		return c, s
	}},
	{"bridged-tcp", func(tb testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) {
		c, s := dialed(tb, "tcp", "127.0.0.1:0")
		sock, _ := Bridge(s, nil)
		return c, newBlocking(sock)
	}},
}

// dialed returns the two ends of a connection of that network.
func dialed(tb testing.TB, network, address string) (client, server net.Conn) {
	tb.Helper()
	ln := listen(tb, network, address)
	defer ln.Close()
	client, err := net.Dial(network, ln.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	server, err = ln.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	return client, server
}

// listen skips where there are no Unix-domain sockets: before Windows 10 1803.
func listen(tb testing.TB, network, address string) net.Listener {
	tb.Helper()
	ln, err := net.Listen(network, address)
	const wsaEAFNOSUPPORT = syscall.Errno(10047)
	if runtime.GOOS == "windows" && errors.Is(err, wsaEAFNOSUPPORT) {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return ln
}

// BenchmarkPingPong is a small query and its small answer.
func BenchmarkPingPong(b *testing.B) {
	const query, answer = 64, 128
	for _, tr := range transports {
		b.Run(tr.name, func(b *testing.B) {
			client, server := tr.open(b)
			done := make(chan struct{})
			go func() {
				defer close(done)
				p := make([]byte, 8192)
				for {
					if _, err := server.Read(p); err != nil {
						return
					}
					if _, err := server.Write(p[:answer]); err != nil {
						return
					}
				}
			}()
			p := make([]byte, 8192)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Write(p[:query]); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(client, p[:answer]); err != nil {
					b.Fatal(err)
				}
			}
			client.Close()
			<-done
			server.Close()
		})
	}
}

// BenchmarkStream moves 128 MB: up as one message in one Write, down in PostgreSQL's 8 KiB pieces.
func BenchmarkStream(b *testing.B) {
	const size = 128 << 20
	for _, tr := range transports {
		for _, way := range []struct {
			name         string
			up           bool
			write, chunk int
		}{
			{"up", true, size, 8 << 10},
			{"up-64k-writes", true, 64 << 10, 8 << 10},
			{"down", false, 8 << 10, 8 << 10},
			{"down-64k-reads", false, 8 << 10, 64 << 10},
		} {
			b.Run(way.name+"/"+tr.name, func(b *testing.B) {
				client, server := tr.open(b)
				from, to := server, client
				if way.up {
					from, to = client, server
				}
				data, p := make([]byte, way.write), make([]byte, way.chunk)
				for i := range data {
					data[i] = byte(i) // pages of its own, not all the zero page
				}
				b.SetBytes(size)
				b.ReportAllocs()
				for b.Loop() {
					done := make(chan error, 1)
					go func() {
						for left := size; left > 0; left -= len(data) {
							if _, err := from.Write(data); err != nil {
								done <- err
								return
							}
						}
						done <- nil
					}()
					for left := size; left > 0; {
						n, err := to.Read(p)
						if err != nil {
							b.Fatal(err)
						}
						left -= n
					}
					if err := <-done; err != nil {
						b.Fatal(err)
					}
				}
				client.Close()
				server.Close()
			})
		}
	}
}
