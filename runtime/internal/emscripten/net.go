package emscripten

import (
	"cmp"
	"net/netip"
	"slices"
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

	aiNumericHost = 4
	niNumericHost = 1
	niNameReqd    = 8

	eAfNoSupport vfs.Errno = 5 // the only error number that sockets need
)

// Names knows the names of hosts.
type Names interface {
	// Hosts returns the addresses of a name; none if they are not known.
	Hosts(name string) []netip.Addr
	// Name returns the name of an address, or "" if it is not known.
	Name(ip netip.Addr) string
}

func init() {
	define("getaddrinfo", func(g *Guest, a args) {
		a.set(uint32(g.getaddrinfo(a.u32(0), a.u32(1), a.u32(2), a.u32(3))))
	})
	define("getnameinfo", func(g *Guest, a args) {
		a.set(uint32(g.getnameinfo(a.u32(0), a.u32(1), a.u32(2), a.u32(3), a.u32(4), a.u32(5), a.u32(6))))
	})
	// A guest has no network.
	for _, name := range []string{"accept4", "bind", "connect", "listen", "recvfrom", "sendto", "socket"} {
		define("__syscall_"+name, func(g *Guest, a args) { a.set(neg(eAfNoSupport)) })
	}
}

// getaddrinfo resolves numeric addresses, which pg_hba.conf and the inet
// functions have, and what the guest's Names know.
func (g *Guest) getaddrinfo(node, service, hints, out uint32) int32 {
	var want addrHints
	if hints != 0 {
		h := g.Bytes(hints, 16)
		want = addrHints{le.Uint32(h), le.Uint32(h[4:]), le.Uint32(h[8:]), le.Uint32(h[12:])}
	}
	var port uint16
	if service != 0 {
		n, err := strconv.ParseUint(g.CString(service), 10, 16)
		if err != nil {
			return eaiService
		}
		port = uint16(n)
	}
	if node == 0 {
		return eaiNoName
	}
	name := g.CString(node)
	ips := []netip.Addr{}
	if ip, err := netip.ParseAddr(name); err == nil && ip.Zone() == "" { // there are no interfaces
		ips = append(ips, ip)
	} else if err != nil && g.Names != nil && want.flags&aiNumericHost == 0 {
		ips = g.Names.Hosts(name)
	}
	if len(ips) == 0 {
		return eaiNoName
	}
	first := uint32(0)
	for _, ip := range slices.Backward(ips) {
		sa := MarshalSockaddr(netip.AddrPortFrom(ip, port))
		if want.family == 0 || want.family == uint32(sa[0]) {
			first = g.newAddrinfo(want, sa, first)
		}
	}
	if first == 0 {
		return eaiFamily
	}
	g.Store32(out, first)
	return 0
}

// addrHints is the beginning of a struct addrinfo.
type addrHints struct{ flags, family, socktype, protocol uint32 }

// newAddrinfo allocates a struct addrinfo. freeaddrinfo frees the address and
// the struct, each by itself.
func (g *Guest) newAddrinfo(want addrHints, sa []byte, next uint32) uint32 {
	addr, info := g.Malloc(len(sa)), g.Malloc(32)
	copy(g.Bytes(addr, uint32(len(sa))), sa)
	for i, v := range []uint32{0, uint32(sa[0]), want.socktype, want.protocol, uint32(len(sa)), addr, 0, next} {
		g.Store32(info+4*uint32(i), v)
	}
	return info
}

// getnameinfo writes the name of an address that the guest's Names know, or its
// numeric form.
func (g *Guest) getnameinfo(sa, size, node, nodeLen, service, serviceLen, flags uint32) int32 {
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
	host := ""
	if g.Names != nil && node != 0 && flags&niNumericHost == 0 {
		host = g.Names.Name(ip)
	}
	if host == "" && flags&niNameReqd != 0 {
		return eaiNoName
	}
	if !g.putString(node, nodeLen, cmp.Or(host, ip.String())) ||
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
