package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os/user"
)

// identity is what is known of a connection beside its bytes.
type identity struct {
	local    net.Addr
	tls      *tls.ConnectionState // nil is not encrypted
	shown    *x509.Certificate    // to the client
	verifies bool                 // clients are asked for certificates that are verified
	peer     func() (string, error)
}

// pipeIdentity is that of a connection in memory: this program is its own client.
func pipeIdentity() identity { return identity{local: addr{}, peer: ownUser} }

// identify returns the identity of conn.
func identify(conn net.Conn) identity {
	id := identity{local: conn.LocalAddr(), peer: func() (string, error) { return peerUser(conn) }}
	if secure, ok := conn.(*secureConn); ok {
		state := secure.ConnectionState()
		id.tls, id.shown, id.verifies = &state, secure.shown, secure.verifies
	}
	return id
}

func ownUser() (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", err
	}
	return u.Username, nil
}

// peerUser names the user at the other end of a Unix-domain socket.
func peerUser(conn net.Conn) (string, error) {
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return "", errors.ErrUnsupported
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return "", err
	}
	var uid string
	if e := raw.Control(func(fd uintptr) { uid, err = peerUID(fd) }); e != nil {
		return "", e
	}
	if err != nil {
		return "", err
	}
	u, err := user.LookupId(uid)
	if err != nil {
		return "", err
	}
	return u.Username, nil
}

// LocalAddr returns the address that the client connected to: of a bridged connection its own, and of a Pipe one whose
// network and text are both "calf".
func (s *Socket) LocalAddr() net.Addr { return s.p.identity.local }

// TLS tells how the connection is encrypted. It is nil where it is not, or not by a Server.
func (s *Socket) TLS() *tls.ConnectionState { return s.p.identity.tls }

// ServerCertificate returns the certificate that a Server showed to the client, nil without TLS.
func (s *Socket) ServerCertificate() *x509.Certificate { return s.p.identity.shown }

// VerifiesClients tells whether the client was asked for a certificate, which was then verified.
func (s *Socket) VerifiesClients() bool { return s.p.identity.verifies }

// PeerUser returns the name of the operating system's user who has the other end: of a Unix-domain socket, where the system
// tells, and of a Pipe, which is this program's. Anything else is errors.ErrUnsupported.
func (s *Socket) PeerUser() (string, error) { return s.p.identity.peer() }
