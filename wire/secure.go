package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

var errNoCertificate = errors.New("wire: Server.TLS has no certificate for this client")

// secureConn is the server's side of a TLS connection.
type secureConn struct {
	*tls.Conn
	shown    *x509.Certificate // the server's, once there was a handshake
	verifies bool              // the client was asked for one, to be verified
}

// newSecureConn puts TLS on top of conn.
func newSecureConn(conn net.Conn, config *tls.Config) *secureConn {
	c := &secureConn{}
	c.Conn = tls.Server(conn, c.watch(config))
	return c
}

// watch returns a copy of a configuration that tells c what of it is used.
func (c *secureConn) watch(config *tls.Config) *tls.Config {
	own := config.Clone()
	own.NextProtos = []string{alpn}
	own.SessionTicketsDisabled = true // as PostgreSQL; the configuration is of one connection
	c.verifies = config.ClientAuth >= tls.VerifyClientCertIfGiven
	own.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := selectCertificate(config, hello)
		if err == nil {
			c.shown, err = leafOf(cert)
		}
		return cert, err
	}
	own.Certificates = nil // else crypto/tls would not ask for it
	if config.GetConfigForClient != nil {
		own.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			other, err := config.GetConfigForClient(hello)
			if other == nil || err != nil {
				return nil, err
			}
			other = other.Clone()
			other.GetConfigForClient = nil
			return c.watch(other), nil
		}
	}
	return own
}

// selectCertificate chooses what to show a client as crypto/tls does.
func selectCertificate(config *tls.Config, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if config.GetCertificate != nil && (len(config.Certificates) == 0 || hello.ServerName != "") {
		if cert, err := config.GetCertificate(hello); cert != nil || err != nil {
			return cert, err
		}
	}
	for i := range config.Certificates {
		if hello.SupportsCertificate(&config.Certificates[i]) == nil {
			return &config.Certificates[i], nil
		}
	}
	if len(config.Certificates) > 0 {
		return &config.Certificates[0], nil
	}
	return nil, errNoCertificate
}

func leafOf(cert *tls.Certificate) (*x509.Certificate, error) {
	if cert.Leaf != nil {
		return cert.Leaf, nil
	}
	if len(cert.Certificate) == 0 {
		return nil, errNoCertificate
	}
	return x509.ParseCertificate(cert.Certificate[0])
}
