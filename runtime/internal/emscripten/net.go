package emscripten

import (
	"net/netip"
	"strconv"

	"github.com/calfdb/calf/runtime/vfs"
)

// Address families and the error codes of getaddrinfo, as in musl.
const (
	afInet  = 2
	afInet6 = 10

	sizeInet  = 16 // of struct sockaddr_in
	sizeInet6 = 28 // of struct sockaddr_in6

	eaiNoName   = -2
	eaiService  = -8
	eaiFamily   = -6
	eaiOverflow = -12

	eAfNoSupport vfs.Errno = 5 // the only error number that sockets need
)

func init() {
	define("getaddrinfo", func(g *Guest, a args) {
		a.set(uint32(g.getaddrinfo(a.u32(0), a.u32(1), a.u32(2), a.u32(3))))
	})
	define("getnameinfo", func(g *Guest, a args) {
		a.set(uint32(g.getnameinfo(a.u32(0), a.u32(1), a.u32(2), a.u32(3), a.u32(4), a.u32(5))))
	})
	// A guest has no network.
	for _, name := range []string{"accept4", "bind", "connect", "listen", "recvfrom", "sendto", "socket"} {
		define("__syscall_"+name, func(g *Guest, a args) { a.set(neg(eAfNoSupport)) })
	}
}

// getaddrinfo resolves numeric addresses and nothing else: a guest has no
// network, but pg_hba.conf and the inet functions have addresses.
func (g *Guest) getaddrinfo(node, service, hints, out uint32) int32 {
	var family, socktype, protocol, port uint32
	if hints != 0 {
		h := g.Bytes(hints, 16)
		family, socktype, protocol = le.Uint32(h[4:]), le.Uint32(h[8:]), le.Uint32(h[12:])
	}
	if service != 0 {
		n, err := strconv.ParseUint(g.CString(service), 10, 16)
		if err != nil {
			return eaiService
		}
		port = uint32(n)
	}
	if node == 0 {
		return eaiNoName
	}
	ip, err := netip.ParseAddr(g.CString(node))
	if err != nil || ip.Zone() != "" { // there are no interfaces
		return eaiNoName
	}
	sa := MarshalSockaddr(netip.AddrPortFrom(ip, uint16(port)))
	if family != 0 && family != uint32(sa[0]) {
		return eaiFamily
	}
	// freeaddrinfo frees the address and the struct, each by itself.
	addr, info := g.Malloc(len(sa)), g.Malloc(32)
	copy(g.Bytes(addr, uint32(len(sa))), sa)
	for i, v := range []uint32{0, uint32(sa[0]), socktype, protocol, uint32(len(sa)), addr, 0, 0} {
		g.Store32(info+4*uint32(i), v)
	}
	g.Store32(out, info)
	return 0
}

// getnameinfo writes an address in numeric form.
func (g *Guest) getnameinfo(sa, size, node, nodeLen, service, serviceLen uint32) int32 {
	var ip netip.Addr
	switch family := le.Uint16(g.Bytes(sa, 2)); {
	case family == afInet && size >= sizeInet:
		ip = netip.AddrFrom4([4]byte(g.Bytes(sa+4, 4)))
	case family == afInet6 && size >= sizeInet6:
		ip = netip.AddrFrom16([16]byte(g.Bytes(sa+8, 16)))
	default:
		return eaiFamily
	}
	port := g.Bytes(sa+2, 2)
	if !g.putString(node, nodeLen, ip.String()) ||
		!g.putString(service, serviceLen, strconv.Itoa(int(port[0])<<8|int(port[1]))) {
		return eaiOverflow
	}
	return 0
}

// putString writes a C string to a buffer, if there is one.
func (g *Guest) putString(p, size uint32, s string) bool {
	if p == 0 || size == 0 {
		return true
	}
	if uint32(len(s)) >= size {
		return false
	}
	b := g.Bytes(p, uint32(len(s)+1))
	copy(b, s)
	b[len(s)] = 0
	return true
}

// MarshalSockaddr returns the struct sockaddr_in or sockaddr_in6 of an address.
func MarshalSockaddr(ap netip.AddrPort) []byte {
	ip := ap.Addr()
	if ip.Is4() {
		b := make([]byte, sizeInet)
		le.PutUint16(b, afInet)
		b[2], b[3] = byte(ap.Port()>>8), byte(ap.Port())
		copy(b[4:], ip.AsSlice())
		return b
	}
	b := make([]byte, sizeInet6)
	le.PutUint16(b, afInet6)
	b[2], b[3] = byte(ap.Port()>>8), byte(ap.Port())
	copy(b[8:], ip.AsSlice())
	return b
}
