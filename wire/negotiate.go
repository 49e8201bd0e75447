package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// alpn is PostgreSQL's name for its protocol: PG_ALPN_PROTOCOL of src/include/libpq/pqcomm.h.
const alpn = "postgresql"

// negotiate answers what a client asks before it begins a session or cancels a statement, and returns that request
// and the connection to continue with, which may be a *secureConn by then. It returns the latter also with an error.
//
// What it reads goes through no buffer. So there is nothing left over from before TLS that could pass for having come
// through it: such bytes reach the handshake, which fails.
func (v *service) negotiate(conn net.Conn) (net.Conn, Startup, error) {
	var ssl, gss bool // can no longer be asked for: each can be once, GSSENC only without a request for TLS that was granted
	for first := true; ; first = false {
		st, err := ReadStartup(conn)
		if err != nil {
			return conn, st, err
		}
		switch {
		case st.Request == RequestDirectTLS && first:
			conn, err = v.directTLS(conn, st.Raw)
		case st.Request == RequestDirectTLS:
			err = errStartupLength
		case st.Request == RequestSSL && !ssl:
			ssl, gss = true, gss || v.offersTLS(conn)
			conn, err = v.answerSSL(conn)
		case st.Request == RequestGSSENC && !gss:
			gss = true
			_, err = conn.Write([]byte{'N'})
		case st.Request == RequestCancel:
			return conn, st, nil
		case st.Request != RequestStartup || st.Version>>16 != 3:
			err = errVersion(st)
		case v.server.RequireTLS && !v.local && !encrypted(conn):
			err = errTLSRequired
		default:
			return conn, st, nil
		}
		if err != nil {
			return conn, st, err
		}
	}
}

// answerSSL says whether there will be TLS, and begins it.
//
// GAP: a client that goes on in plain text before it has read the answer is an error to PostgreSQL, also when the answer is
// that there is no TLS. Here it is one only where it matters, when TLS begins.
func (v *service) answerSSL(conn net.Conn) (net.Conn, error) {
	if !v.offersTLS(conn) {
		_, err := conn.Write([]byte{'N'})
		return conn, err
	}
	if _, err := conn.Write([]byte{'S'}); err != nil {
		return conn, err
	}
	secure, err := v.handshake(conn)
	if record, ok := errors.AsType[tls.RecordHeaderError](err); ok && record.Conn != nil {
		return conn, errPlainAfterSSL // record.Conn is set when what came was not TLS at all, and can be answered in kind
	}
	return secure, err
}

// offersTLS tells whether conn can be upgraded.
func (v *service) offersTLS(conn net.Conn) bool { return v.tls != nil && !encrypted(conn) }

// directTLS begins TLS with a client that did not ask, and of whose handshake the bytes in first have been read.
func (v *service) directTLS(conn net.Conn, first []byte) (net.Conn, error) {
	if v.tls == nil {
		return conn, errDirectTLS
	}
	secure, err := v.handshake(&prefixed{Conn: conn, first: first})
	if err != nil {
		return conn, err
	}
	if secure.(*secureConn).ConnectionState().NegotiatedProtocol != alpn {
		return secure, errNoALPN
	}
	return secure, nil
}

// handshake returns a *secureConn on top of conn, or conn itself when it fails. It is bounded by conn's deadline.
func (v *service) handshake(conn net.Conn) (net.Conn, error) {
	secure := newSecureConn(conn, v.tls)
	if err := secure.HandshakeContext(context.WithoutCancel(v.ctx)); err != nil {
		return conn, fmt.Errorf("wire: beginning TLS: %w", err)
	}
	return secure, nil
}

func encrypted(conn net.Conn) bool {
	_, ok := conn.(*secureConn)
	return ok
}

// prefixed is a connection from which some bytes have been read already.
type prefixed struct {
	net.Conn
	first []byte
}

// Read reads those bytes again, then goes on.
func (c *prefixed) Read(p []byte) (int, error) {
	if len(c.first) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.first)
	c.first = c.first[n:]
	return n, nil
}

// NetConn returns the connection.
func (c *prefixed) NetConn() net.Conn { return c.Conn }
