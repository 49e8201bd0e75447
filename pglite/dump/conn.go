package dump

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// A dumpConn is what pg_dump takes for its connection to a server. It reads the
// startup packet that pg_dump sends, lets pgx connect with what that says, and
// answers in the server's place: pg_dump need not know how to reach the server,
// of TLS, or of passwords. From then on it is the connection to the server.
type dumpConn struct {
	ctx    context.Context // of the run
	dumper *dumper

	// Written before ready is closed.
	server   *pgconn.HijackedConn // nil if connecting failed
	conn     net.Conn             // to the server
	greeting []byte               // what is to be read before what the server sends
	ready    chan struct{}
	once     sync.Once

	startup    []byte // what there is of the startup packet
	terminated bool   // pg_dump has said goodbye
}

func newDumpConn(ctx context.Context, d *dumper) *dumpConn {
	return &dumpConn{ctx: ctx, dumper: d, ready: make(chan struct{})}

}

// Read reads what the server sends.
func (c *dumpConn) Read(p []byte) (int, error) {
	<-c.ready
	if len(c.greeting) > 0 {
		n := copy(p, c.greeting)
		c.greeting = c.greeting[n:]
		return n, nil
	}
	if c.server == nil {
		return 0, io.EOF
	}
	return c.conn.Read(p)
}

// Write sends to the server, once it is connected.
func (c *dumpConn) Write(p []byte) (int, error) {
	if c.server != nil {
		c.terminated = string(p) == terminate
		return c.conn.Write(p)
	}
	c.startup = append(c.startup, p...)
	if len(c.startup) < 8 {
		return len(p), nil
	}
	size := binary.BigEndian.Uint32(c.startup)
	if size < 8 || size > maxStartup {
		return 0, errNoStartup
	}
	if uint32(len(c.startup)) < size {
		return len(p), nil
	}
	var m pgproto3.StartupMessage
	if err := m.Decode(c.startup[4:]); err != nil {
		return 0, errNoStartup
	}
	if err := c.connect(m.Parameters); err != nil {
		c.dumper.err = err
		c.greeting, _ = refusal(err).Encode(nil)
	}
	c.opened()
	return len(p), nil
}

// refusal says to pg_dump why there is no connection.
func refusal(err error) *pgproto3.ErrorResponse {
	r := &pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "08001", Message: err.Error()}
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		r.Severity, r.Code, r.Message, r.Detail, r.Hint = pg.Severity, pg.Code, pg.Message, pg.Detail, pg.Hint
	}
	return r
}

// terminate is the message with which a client ends a session.
const terminate = "X\x00\x00\x00\x04"

// maxStartup bounds the startup packet, as in the server (MAX_STARTUP_PACKET_LENGTH).
const maxStartup = 10000

// connect connects to the server and prepares the answer to a startup packet.
func (c *dumpConn) connect(parameters map[string]string) error {
	cfg := c.dumper.server.Config.Copy()
	for name, value := range parameters {
		switch name {
		case "user":
			cfg.User = value
		case "database":
			cfg.Database = value
		default:
			cfg.RuntimeParams[name] = value
		}
	}
	tapped(cfg)
	conn, err := pgconn.ConnectConfig(c.ctx, cfg)
	if err != nil {
		return err
	}
	server, err := conn.Hijack()
	if err != nil {
		return err
	}
	b, _ := (&pgproto3.AuthenticationOk{}).Encode(nil)
	for name, value := range server.ParameterStatuses {
		b, _ = (&pgproto3.ParameterStatus{Name: name, Value: value}).Encode(b)
	}
	// pg_dump asks nobody to cancel: that is Close's matter.
	b, _ = (&pgproto3.BackendKeyData{ProcessID: server.PID, SecretKey: make([]byte, 4)}).Encode(b)
	b, _ = (&pgproto3.ReadyForQuery{TxStatus: server.TxStatus}).Encode(b)
	for server.Frontend.ReadBufferLen() > 0 { // it has come already
		msg, err := server.Frontend.Receive()
		if err == nil {
			b, err = msg.Encode(b)
		}
		if err != nil {
			server.Conn.Close()
			return err
		}
	}
	c.server, c.conn, c.greeting = server, server.Conn.(*tap).take(), b
	return nil
}

// opened lets Read go on.
func (c *dumpConn) opened() { c.once.Do(func() { close(c.ready) }) }

// goodbyeTimeout is how long Close waits for the server to end the session.
const goodbyeTimeout = 5 * time.Second

// Close ends the session and waits until the server has hung up. If pg_dump has
// not said goodbye, it cancels what runs.
func (c *dumpConn) Close() error {
	if c.server == nil {
		c.opened()
		return nil
	}
	conn := c.conn
	_ = conn.SetDeadline(time.Now().Add(goodbyeTimeout))
	if !c.terminated {
		c.cancel()
		if _, err := conn.Write([]byte(terminate)); err != nil {
			return conn.Close()
		}
	}
	_, _ = io.Copy(io.Discard, conn)
	return conn.Close()
}

// cancel asks the server to cancel the statement that runs.
func (c *dumpConn) cancel() {
	conn, err := pgconn.Construct(c.server)
	if err != nil {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), goodbyeTimeout)
	defer stop()
	_ = conn.CancelRequest(ctx)
}

// The other methods of net.Conn. There is no connection before there is a
// server.

func (c *dumpConn) SetDeadline(t time.Time) error {
	return c.withServer(func(conn net.Conn) error { return conn.SetDeadline(t) })
}

func (c *dumpConn) SetReadDeadline(t time.Time) error {
	return c.withServer(func(conn net.Conn) error { return conn.SetReadDeadline(t) })
}

func (c *dumpConn) SetWriteDeadline(t time.Time) error {
	return c.withServer(func(conn net.Conn) error { return conn.SetWriteDeadline(t) })
}

func (c *dumpConn) withServer(do func(net.Conn) error) error {
	select {
	case <-c.ready:
		if c.server != nil {
			return do(c.conn)
		}
	default:
	}
	return nil
}

func (c *dumpConn) LocalAddr() net.Addr  { return &net.UnixAddr{Net: "unix"} }
func (c *dumpConn) RemoteAddr() net.Addr { return &net.UnixAddr{Net: "unix"} }
