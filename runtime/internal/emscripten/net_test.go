package emscripten

import (
	"net/netip"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// addrinfo are the fields of struct addrinfo of musl.
type addrinfo struct{ flags, family, socktype, protocol, addrlen, addr, canonname, next uint32 }

func (w *world) addrinfo(p uint32) addrinfo {
	f := func(i uint32) uint32 { return w.Load32(p + 4*i) }
	return addrinfo{f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)}
}

func TestGetaddrinfo(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		hints := func(family, socktype, protocol int) uint32 { return w.words(0, family, socktype, protocol, 0, 0, 0, 0) }
		for _, tt := range []struct {
			name    string
			node    string
			service any
			hints   uint32
			want    addrinfo
			sa      []byte
		}{
			{
				"v4", "127.0.0.1", "5432", hints(0, 1, 6), addrinfo{family: 2, socktype: 1, protocol: 6, addrlen: 16},
				[]byte{2, 0, 0x15, 0x38, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
			},
			{
				"v4 without hints or service", "255.0.0.1", 0, 0, addrinfo{family: 2, addrlen: 16},
				[]byte{2, 0, 0, 0, 255, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
			},
			{
				"v6", "2001:db8::1", "65535", hints(10, 2, 17), addrinfo{family: 10, socktype: 2, protocol: 17, addrlen: 28},
				[]byte{10, 0, 0xff, 0xff, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0},
			},
			{
				"mapped", "::ffff:1.2.3.4", "1", hints(0, 0, 0), addrinfo{family: 10, addrlen: 28},
				[]byte{10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4, 0, 0, 0, 0},
			},
			{
				"v4 only", "10.0.0.1", "0", hints(2, 0, 0), addrinfo{family: 2, addrlen: 16},
				[]byte{2, 0, 0, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
			},
		} {
			out := w.space(4)
			require.Zero(t, w.sys("getaddrinfo", tt.node, tt.service, tt.hints, out), tt.name)
			got := w.addrinfo(w.Load32(out))
			tt.want.addr = got.addr
			require.Equal(t, tt.want, got, tt.name)
			require.Equal(t, tt.sa, w.Bytes(got.addr, got.addrlen), tt.name)
			w.untouched(out + 4)
		}
	})
}

func TestGetaddrinfoFails(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		hints := func(family int) uint32 { return w.words(0, family, 0, 0, 0, 0, 0, 0) }
		out := w.space(4)
		for _, tt := range []struct {
			name          string
			node, service any
			hints         uint32
			want          int
		}{
			{"a name", "localhost", "5432", 0, eaiNoName},
			{"no name", "", "5432", 0, eaiNoName},
			{"no node", 0, "5432", 0, eaiNoName},
			{"three numbers", "127.0.1", 0, 0, eaiNoName},
			{"a large number", "127.0.0.256", 0, 0, eaiNoName},
			{"a leading zero", "127.0.0.01", 0, 0, eaiNoName},
			{"a prefix", "10.0.0.0/8", 0, 0, eaiNoName},
			{"an interface", "fe80::1%eth0", 0, 0, eaiNoName},
			{"colons", "1:2:3", 0, 0, eaiNoName},
			{"a service by name", "127.0.0.1", "postgresql", 0, eaiService},
			{"a large port", "127.0.0.1", "65536", 0, eaiService},
			{"a negative port", "127.0.0.1", "-1", 0, eaiService},
			{"no port", "127.0.0.1", "", 0, eaiService},
			{"v4 as v6", "127.0.0.1", 0, hints(10), eaiFamily},
			{"v6 as v4", "::1", 0, hints(2), eaiFamily},
			{"a Unix socket", "127.0.0.1", 0, hints(1), eaiFamily},
		} {
			require.Equal(t, tt.want, w.sys("getaddrinfo", tt.node, tt.service, tt.hints, out), tt.name)
			w.untouched(out)
		}
	})
}

func TestGetnameinfo(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for _, addr := range []string{"127.0.0.1:5432", "[2001:db8::1]:65535", "[::ffff:1.2.3.4]:0", "[::]:1"} {
			ap := netip.MustParseAddrPort(addr)
			b := MarshalSockaddr(ap)
			sa := w.space(len(b))
			copy(w.Bytes(sa, uint32(len(b))), b)
			ip, port := ap.Addr().String(), strconv.Itoa(int(ap.Port()))
			node, service := w.space(len(ip)+1), w.space(len(port)+1)
			call := func(node uint32, nodeLen int, service uint32, serviceLen int) int {
				return w.sys("getnameinfo", sa, len(b), node, nodeLen, service, serviceLen, 3)
			}
			require.Zero(t, call(node, len(ip)+1, service, len(port)+1))
			require.Equal(t, ip, w.CString(node))
			require.Equal(t, port, w.CString(service))
			w.untouched(node + uint32(len(ip)) + 1)
			w.untouched(service + uint32(len(port)) + 1)
			require.Zero(t, call(0, 0, service, len(port)+1), "who does not want a part leaves it out")
			require.Zero(t, call(node, len(ip)+1, 0, 0))
			require.Equal(t, eaiOverflow, call(node, len(ip), service, len(port)+1))
			require.Equal(t, eaiOverflow, call(node, len(ip)+1, service, len(port)))
			require.Equal(t, eaiFamily, w.sys("getnameinfo", sa, len(b)-1, node, 100, service, 100, 0), "a truncated address")
		}
		sa := w.space(28)
		for _, family := range []uint16{0, 1, 3, 0x0a00, 0xffff} {
			le.PutUint16(w.Bytes(sa, 2), family)
			require.Equal(t, eaiFamily, w.sys("getnameinfo", sa, 28, w.space(50), 50, w.space(50), 50, 0))
		}
	})
}

// names knows one host.
type names struct{}

func (names) Hosts(name string) []netip.Addr {
	if name != "db.example.org" {
		return nil
	}
	return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}
}

func (names) Name(ip netip.Addr) string {
	if ip != netip.MustParseAddr("192.0.2.1") {
		return ""
	}
	return "db.example.org"
}

func TestNames(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const numericHost, numericService, required = 1, 2, 8
		lookup := func(ip string, flags int) (int, string) {
			b := MarshalSockaddr(netip.MustParseAddrPort(ip + ":1"))
			sa, node := w.space(len(b)), w.space(100)
			copy(w.Bytes(sa, uint32(len(b))), b)
			w.Bytes(node, 1)[0] = 0
			status := w.sys("getnameinfo", sa, len(b), node, 100, 0, 0, flags|numericService)
			return status, w.CString(node)
		}
		status, _ := lookup("192.0.2.1", required)
		require.Equal(t, eaiNoName, status, "nobody knows names")
		w.Names = names{}
		for _, tt := range []struct {
			ip     string
			flags  int
			status int
			name   string
		}{
			{"192.0.2.1", 0, 0, "db.example.org"},
			{"192.0.2.1", required, 0, "db.example.org"},
			{"192.0.2.1", numericHost, 0, "192.0.2.1"},
			{"192.0.2.2", 0, 0, "192.0.2.2"},
			{"192.0.2.2", required, eaiNoName, ""},
		} {
			status, name := lookup(tt.ip, tt.flags)
			require.Equal(t, tt.status, status, tt)
			require.Equal(t, tt.name, name, tt)
		}

		out := w.space(4)
		hints := func(flags, family int) uint32 { return w.words(flags, family, 0, 0, 0, 0, 0, 0) }
		require.Zero(t, w.sys("getaddrinfo", "db.example.org", 0, 0, out))
		first := w.addrinfo(w.Load32(out))
		second := w.addrinfo(first.next)
		require.Equal(t, []uint32{2, 10, 0}, []uint32{first.family, second.family, second.next})
		require.Zero(t, w.sys("getaddrinfo", "db.example.org", 0, hints(0, 10), out))
		require.Equal(t, uint32(10), w.addrinfo(w.Load32(out)).family)
		require.Equal(t, eaiNoName, w.sys("getaddrinfo", "db.example.org", 0, hints(4, 0), out), "AI_NUMERICHOST")
		require.Equal(t, eaiNoName, w.sys("getaddrinfo", "other.example.org", 0, 0, out))
		require.Equal(t, eaiFamily, w.sys("getaddrinfo", "192.0.2.1", 0, hints(0, 10), out))
	})
}

func TestNoSockets(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for _, name := range []string{"accept4", "bind", "connect", "listen", "recvfrom", "sendto", "socket"} {
			w.fails(eAfNoSupport, "__syscall_"+name, 2, 1, 0, 0, 0, 0)
		}
	})
}
