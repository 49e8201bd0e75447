package wire

import (
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// Which certificate a client was shown, however the configuration chooses it.
func TestShownCertificate(t *testing.T) {
	t.Parallel()
	one, err := certificate()
	require.NoError(t, err)
	two, err := makeCertificate("other")
	require.NoError(t, err)
	named := func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "other" {
			return &two, nil
		}
		return nil, nil
	}
	for _, tt := range []struct {
		name   string
		config *tls.Config
		server string
		want   tls.Certificate
	}{
		{"One", &tls.Config{Certificates: []tls.Certificate{one}}, "", one},
		{"NoneFits", &tls.Config{Certificates: []tls.Certificate{one, two}}, "nobody", one},
		{"TheOneThatFits", &tls.Config{Certificates: []tls.Certificate{one, two}}, "other", two},
		{"Asked", &tls.Config{Certificates: []tls.Certificate{one}, GetCertificate: named}, "other", two},
		{"AskedInVain", &tls.Config{Certificates: []tls.Certificate{one}, GetCertificate: named}, "localhost", one},
		{"Config", &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: []tls.Certificate{two}, ClientAuth: tls.RequireAndVerifyClientCert}, nil
		}}, "", two},
		{"NoConfig", &tls.Config{Certificates: []tls.Certificate{one}, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return nil, nil
		}}, "", one},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, state, err := shake(t, tt.config, &tls.Config{ServerName: tt.server, InsecureSkipVerify: true})
			if tt.name == "Config" { // the client has no certificate
				require.Error(t, err)
				require.True(t, conn.verifies)
			} else {
				require.NoError(t, err)
				require.False(t, conn.verifies)
				require.Equal(t, tt.want.Certificate[0], state.PeerCertificates[0].Raw)
			}
			require.Equal(t, tt.want.Certificate[0], conn.shown.Raw)
		})
	}
	_, _, err = shake(t, &tls.Config{}, &tls.Config{InsecureSkipVerify: true})
	require.ErrorIs(t, err, errNoCertificate)
}

// shake returns the server's side of a handshake, and what the client saw and the server said of it.
func shake(t *testing.T, server, client *tls.Config) (*secureConn, tls.ConnectionState, error) {
	t.Helper()
	a, b := net.Pipe()
	conn, other := newSecureConn(a, server), tls.Client(b, client)
	var seen tls.ConnectionState
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = other.Handshake()
		seen = other.ConnectionState()
		_, _ = io.Copy(io.Discard, other) // until the server closes
	}()
	err := conn.Handshake()
	a.Close()
	<-done
	b.Close()
	return conn, seen, err
}
