package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// refusal is the server's own reason not to begin a session. It is an error, and what the client is told.
type refusal struct {
	code    string // https://www.postgresql.org/docs/18/errcodes-appendix.html
	message string
	detail  string
	hint    string
	silent  bool // the client is not told: it may not be a PostgreSQL client at all
}

var (
	errStartupLength = &refusal{code: "08P01", message: "invalid length of startup packet", silent: true}
	errCancelLength  = &refusal{code: "08P01", message: "invalid length of cancel request packet", silent: true}
	errDirectTLS     = &refusal{code: "08P01", message: "direct TLS connection without TLS configured", silent: true}
	errNoALPN        = &refusal{
		code:    "08P01",
		message: "received direct SSL connection request without ALPN protocol negotiation extension",
		silent:  true,
	}
	errPlainAfterSSL = &refusal{
		code:    "08P01",
		message: "received unencrypted data after SSL request",
		detail:  "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
	}
	errTLSRequired = &refusal{
		code:    "28000",
		message: "this server accepts encrypted connections only",
		hint:    "Connect with sslmode=require, or stronger.",
	}
	errTooMany      = &refusal{code: "53300", message: "sorry, too many clients already"}
	errShuttingDown = &refusal{code: "57P03", message: "the database system is shutting down"}
)

// errVersion is the refusal of a packet that is none, or not of a version that PostgreSQL still speaks.
func errVersion(st Startup) *refusal {
	code := binary.BigEndian.Uint32(st.Raw[4:])
	message := fmt.Sprintf("unsupported frontend protocol %d.%d: server supports 3.0 to 3.2", code>>16, code&0xffff)
	return &refusal{code: "0A000", message: message}
}

// Error returns the message, as the errors of this package begin.
func (r *refusal) Error() string { return "wire: refusing connection: " + r.message }

// SQLState returns the SQLSTATE.
func (r *refusal) SQLState() string { return r.code }

// encode returns the ErrorResponse that says it.
func (r *refusal) encode() []byte {
	return encodeFatal(&pgproto3.ErrorResponse{Code: r.code, Message: r.message, Detail: r.detail, Hint: r.hint})
}

// Refuse tells the client why there is no backend for it, unless one has said something already: err if it is an error of
// PostgreSQL, and otherwise SQLSTATE 58000 without details. The caller closes the Socket then.
func (s *Socket) Refuse(err error) {
	if s.p.down.total() == 0 {
		_, _ = s.Send(encodeFailure(err))
	}
}

// encodeFailure returns the ErrorResponse for a backend that could not be started: err's own fields if it is an error of
// PostgreSQL, and no details otherwise, for they are not the client's business.
func encodeFailure(err error) []byte {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return encodeFatal(&pgproto3.ErrorResponse{Code: pg.Code, Message: pg.Message, Detail: pg.Detail, Hint: pg.Hint})
	}
	return encodeFatal(&pgproto3.ErrorResponse{Code: "58000", Message: "could not start backend for connection"})
}

func encodeFatal(m *pgproto3.ErrorResponse) []byte {
	m.Severity, m.SeverityUnlocalized = "FATAL", "FATAL"
	b, err := m.Encode(nil)
	if err != nil {
		panic("BUG: wire: encoding an error response: " + err.Error())
	}
	return b
}
