package runtime

import (
	"crypto/tls"
	"crypto/x509"
	"net"

	"github.com/calfdb/calf/runtime/internal/openssl"
	"github.com/calfdb/calf/runtime/vfs"
)

// Offsets in struct Port (libpq-be.h) and in a SockAddr.
const (
	portLocalAddr     = 12
	portUserName      = 364
	portHBA           = 380
	portSSLInUse      = 488
	portPeerCN        = 492
	portPeerDN        = 496
	portPeerCertValid = 500

	sockAddrLen = 128
)

// Results of authentication (c.h).
const (
	statusOK    = 0
	statusError = 1<<32 - 1
)

// identity returns what is known of the client's connection, or nil.
func (p *process) identity() IdentifiedSocket {
	id, _ := p.socket.(IdentifiedSocket)
	return id
}

// tls returns how the client's connection is encrypted, or nil.
func (p *process) tls() *tls.ConnectionState {
	if id := p.identity(); id != nil {
		return id.TLS()
	}
	return nil
}

// describeClient completes MyProcPort with what getsockname and OpenSSL tell
// elsewhere.
func (p *process) describeClient() {
	g, id := p.guest, p.identity()
	if id == nil {
		return
	}
	port := g.Load32(g.Address("MyProcPort"))
	local := sockaddr(id.LocalAddr())
	copy(g.Bytes(port+portLocalAddr, sockAddrLen), local)
	g.Store32(port+portLocalAddr+sockAddrLen, uint32(len(local)))
	state := id.TLS()
	if state == nil {
		return
	}
	g.Bytes(port+portSSLInUse, 1)[0] = 1
	cert := verified(state)
	if cert == nil {
		return
	}
	for at, write := range map[uint32]func([]byte) (string, error){portPeerCN: openssl.CommonName, portPeerDN: openssl.RFC2253} {
		if name, err := write(cert.RawSubject); err == nil && name != "" {
			s := g.NewString(name) // may grow the memory
			g.Store32(port+at, s)
		}
	}
	g.Bytes(port+portPeerCertValid, 1)[0] = 1
}

// verified returns the client's certificate if one of the server's authorities
// has signed it, else nil.
func verified(state *tls.ConnectionState) *x509.Certificate {
	if len(state.VerifiedChains) == 0 {
		return nil
	}
	return state.VerifiedChains[0][0]
}

// encryption returns what a refusal says of the connection.
func (p *process) encryption() uint32 {
	if p.tls() != nil {
		return p.guest.NewString("SSL encryption")
	}
	return p.guest.NewString("no encryption")
}

// peer is auth_peer (auth.c).
func (p *process) peer(port uint32) uint64 {
	id := p.identity()
	if id == nil {
		p.ereport(report{level: levelLog, code: "0A000", message: "peer authentication is not supported on this connection"})
		return statusError
	}
	name, err := id.PeerUser()
	if err != nil {
		p.ereport(report{level: levelLog, message: "could not get peer credentials: " + err.Error()})
		return statusError
	}
	user := p.guest.NewString(name)
	p.must("set_authn_id", uint64(port), uint64(user))
	return p.checkUsermap(port, user)
}

// checkUsermap tells whether a user of the system may be the role that the
// client asked for.
func (p *process) checkUsermap(port, user uint32) uint64 {
	g := p.guest
	usermap := g.Load32(g.Load32(port+portHBA) + hbaUsermap)
	return uint64(uint32(p.must("check_usermap", uint64(usermap), uint64(g.Load32(port+portUserName)), uint64(user), 0)))
}

// Layout of struct ifaddrs.
const (
	ifaNext    = 0
	ifaAddr    = 12
	ifaNetmask = 16
	sizeofIfa  = 28
)

// getifaddrs is getifaddrs(3), as far as PostgreSQL uses it: it makes a list of
// the host's addresses, whose elements are freed one by one.
func (p *process) getifaddrs(list uint32) uint64 {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return p.fail(vfs.EIO)
	}
	g := p.guest
	g.Store32(list, 0)
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		addr := sockaddr(&net.TCPAddr{IP: n.IP})
		mask := sockaddr(&net.TCPAddr{IP: net.IP(n.Mask)})
		at := g.Malloc(sizeofIfa + len(addr) + len(mask))
		b := g.Bytes(at, uint32(sizeofIfa+len(addr)+len(mask)))
		clear(b[:sizeofIfa])
		copy(b[sizeofIfa:], addr)
		copy(b[sizeofIfa+len(addr):], mask)
		g.Store32(at+ifaNext, g.Load32(list))
		g.Store32(at+ifaAddr, at+sizeofIfa)
		g.Store32(at+ifaNetmask, at+sizeofIfa+uint32(len(addr)))
		g.Store32(list, at)
	}
	return 0
}
