package runtime

import (
	"crypto/tls"
	"crypto/x509"
	"net"
)

// A Socket is a backend's end of the connection to its client. It never
// blocks. wire.Socket is one.
type Socket interface {
	// Recv moves what has come into p. At the end it returns io.EOF.
	Recv(p []byte) (int, error)
	// Send takes as much of p as there is room for.
	Send(p []byte) (int, error)
	// Readable and Writable tell whether Recv and Send would do anything now,
	// if only fail.
	Readable() bool
	Writable() bool
	// HungUp tells whether the client will send no more, although what it has
	// sent may not have been received yet.
	HungUp() bool
	// SetNotify gives the function that is called when Readable or Writable
	// becomes true. It may be called at any time and more often than needed.
	SetNotify(func())
	// HangUp makes Send fail where there is no room.
	HangUp()
	// RemoteAddr returns the client's address. One that is no TCP address
	// counts as local, as that of a Unix-domain socket.
	RemoteAddr() net.Addr
}

// An IdentifiedSocket is a Socket that knows more of its connection, for
// pg_hba.conf, pg_stat_ssl and the like. Its methods may be called while the
// session lasts.
type IdentifiedSocket interface {
	Socket
	// LocalAddr returns the address that the client connected to.
	LocalAddr() net.Addr
	// TLS tells how the connection is encrypted; nil is not at all.
	TLS() *tls.ConnectionState
	// ServerCertificate returns the certificate that the client was shown, or
	// nil if that is not known.
	ServerCertificate() *x509.Certificate
	// VerifiesClients tells whether clients are asked for certificates, and
	// those that they have are verified.
	VerifiesClients() bool
	// PeerUser returns the name of the operating system's user at the other end
	// of a local connection.
	PeerUser() (string, error)
}
