package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// MaxStartupPacketLength is how long the first packet of a client may be, without its length word. It is PostgreSQL's
// MAX_STARTUP_PACKET_LENGTH (src/include/libpq/pqcomm.h).
const MaxStartupPacketLength = 10000

// Request codes that stand where a startup packet has its protocol version: see
// https://www.postgresql.org/docs/18/protocol-message-formats.html.
const (
	cancelRequestCode = 1234<<16 | 5678
	negotiateSSLCode  = 1234<<16 | 5679
	negotiateGSSCode  = 1234<<16 | 5680
)

const (
	startupHeader = 8    // the length and the version or request code
	tlsHandshake  = 0x16 // the content type that begins a TLS connection
	minCancelKey  = 4    // the shortest and the longest key of a cancel request, from protocol 3.2 on
	maxCancelKey  = 256
)

// Request is what a client wants with its first packet.
type Request int

const (
	// RequestStartup begins a session, with any version of the protocol: which ones are spoken is for others to decide.
	RequestStartup Request = iota
	// RequestCancel asks to cancel what another session is doing.
	RequestCancel
	// RequestSSL asks whether to begin TLS.
	RequestSSL
	// RequestGSSENC asks whether to begin GSSAPI encryption.
	RequestGSSENC
	// RequestDirectTLS is not a packet but the beginning of a TLS handshake, as sslnegotiation=direct makes it.
	RequestDirectTLS
)

// Startup is a client's first packet. The zero value is of no use; ReadStartup makes them.
type Startup struct {
	// Request says what kind of packet it is.
	Request Request
	// Raw holds everything that was read, unmodified: the packet, or of RequestDirectTLS its first bytes, up to 8.
	Raw []byte
	// Version is the protocol version of RequestStartup, 3.2 as 3<<16|2.
	Version uint32
	// PID and Key are from RequestCancel: the process to interrupt, and the 4 to 256 bytes that prove the right to. Key
	// lies within Raw.
	PID uint32
	Key []byte
}

// ReadStartup reads a client's first packet from r, and not a byte more. It reads nothing of a packet that announces an
// impossible length, and does not wait for more than it needs to tell that.
//
// The error is io.EOF when r ends before the first byte, wraps io.ErrUnexpectedEOF when it ends within the packet, and wraps
// what r returned otherwise. A packet that breaks the protocol gives an error with SQLState() "08P01". After an error
// nothing is known about what r brings next.
func ReadStartup(r io.Reader) (Startup, error) {
	header := make([]byte, startupHeader)
	length := 0
	for n := 0; n < startupHeader; {
		m, err := r.Read(header[n:])
		n += m
		if n > 0 && header[0] == tlsHandshake {
			return Startup{Request: RequestDirectTLS, Raw: header[:n]}, nil
		}
		if n >= 4 {
			length = int(binary.BigEndian.Uint32(header))
			if length < startupHeader || length > 4+MaxStartupPacketLength {
				return Startup{}, errStartupLength
			}
		}
		switch {
		case err == nil || n == startupHeader:
		case err != io.EOF:
			return Startup{}, fmt.Errorf("wire: reading startup packet: %w", err)
		case n == 0:
			return Startup{}, io.EOF
		default:
			return Startup{}, fmt.Errorf("wire: reading startup packet: %w", io.ErrUnexpectedEOF)
		}
	}
	raw := slices.Grow(header, length-startupHeader)[:length]
	if _, err := io.ReadFull(r, raw[startupHeader:]); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Startup{}, fmt.Errorf("wire: reading startup packet: %w", err)
	}
	return parseStartup(raw)
}

// parseStartup tells what a whole packet is.
func parseStartup(raw []byte) (Startup, error) {
	code, body := binary.BigEndian.Uint32(raw[4:]), raw[startupHeader:]
	switch code {
	case cancelRequestCode:
		if len(body) < 4+minCancelKey || len(body) > 4+maxCancelKey {
			return Startup{}, errCancelLength
		}
		return Startup{Request: RequestCancel, Raw: raw, PID: binary.BigEndian.Uint32(body), Key: body[4:]}, nil
	case negotiateSSLCode:
		return Startup{Request: RequestSSL, Raw: raw}, nil
	case negotiateGSSCode:
		return Startup{Request: RequestGSSENC, Raw: raw}, nil
	}
	return Startup{Request: RequestStartup, Raw: raw, Version: code}, nil
}

// Parameter returns what a RequestStartup says of name ("user", "database", "application_name", any setting), and "" when it
// says nothing. When it says several things, as PostgreSQL does, the last one counts.
func (s Startup) Parameter(name string) string {
	value := ""
	if s.Request != RequestStartup || len(s.Raw) < startupHeader {
		return value
	}
	for rest := s.Raw[startupHeader:]; ; {
		key, after, ok := cutString(rest)
		if !ok || key == "" {
			return value
		}
		var v string
		if v, rest, ok = cutString(after); !ok {
			return value
		}
		if key == name {
			value = v
		}
	}
}

// cutString splits b after its first zero-terminated string.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	i := slices.Index(b, 0)
	if i < 0 {
		return "", nil, false
	}
	return string(b[:i]), b[i+1:], true
}
