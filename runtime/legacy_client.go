package runtime

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/calfdb/calf/runtime/internal/emscripten"
)

// A legacyClient is the client of an earlier PostgreSQL: the messages that it
// sends, and what becomes of the answers. To the guest it is a socket that
// waits.
type legacyClient struct {
	ctx  context.Context
	sock Socket
	wake chan struct{}
	eof  bool // it will send nothing more
	gone bool // it will receive nothing more
	out  []byte

	input []byte // what is left of the message that the guest is reading

	// The message that the guest is writing.
	header [5]byte
	have   int // bytes of the header
	left   int // bytes of the body
	body   []byte

	status  byte // of the last ReadyForQuery
	failed  bool // there was an ErrorResponse
	capture *legacyAnswer
}

// A legacyAnswer is the answer to a query of our own.
type legacyAnswer struct {
	rows   [][]string
	failed []byte // body of the ErrorResponse
}

// maxMessage bounds a message of the client, as PostgreSQL does
// (PQ_LARGE_MESSAGE_LIMIT).
const maxMessage = 1<<30 - 1

func newLegacyClient(ctx context.Context, s Socket) *legacyClient {
	c := &legacyClient{ctx: ctx, sock: s, wake: make(chan struct{}, 1)}
	s.SetNotify(func() {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	})
	return c
}

// Codes of special startup packets (pqcomm.h).
const (
	protocol3     = 3 << 16
	cancelRequest = 1234<<16 | 5678
	sslRequest    = 1234<<16 | 5679
	gssRequest    = 1234<<16 | 5680
)

// maxStartup is MAX_STARTUP_PACKET_LENGTH of PostgreSQL.
const maxStartup = 10000

// startup reads the startup packet and returns its parameters.
func (c *legacyClient) startup() (map[string]string, error) {
	for {
		var head [8]byte
		if err := c.readFull(head[:]); err != nil {
			return nil, io.EOF
		}
		length, code := binary.BigEndian.Uint32(head[:]), binary.BigEndian.Uint32(head[4:])
		if length < 8 || length > maxStartup {
			return nil, errors.New("invalid length of startup packet")
		}
		body := make([]byte, length-8)
		if err := c.readFull(body); err != nil {
			return nil, io.EOF
		}
		switch {
		case code == sslRequest, code == gssRequest:
			c.out = append(c.out, 'N')
		case code == cancelRequest:
			return nil, io.EOF
		case code>>16 != protocol3>>16:
			return nil, errors.New("unsupported frontend protocol")
		case len(body) == 0 || body[len(body)-1] != 0:
			return nil, errors.New("invalid startup packet layout: expected terminator as last byte")
		default:
			fields := strings.Split(string(body), "\x00")
			params := map[string]string{}
			for i := 0; i+1 < len(fields) && fields[i] != ""; i += 2 {
				params[fields[i]] = fields[i+1]
			}
			return params, nil
		}
	}
}

// read returns the next message.
func (c *legacyClient) read() (kind byte, body []byte, err error) {
	var head [5]byte
	if err := c.readFull(head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length < 4 || length > maxMessage {
		c.fatal("08P01", "invalid message length")
		return 0, nil, errors.New("invalid message length")
	}
	body = make([]byte, length-4)
	return head[0], body, c.readFull(body)
}

// readFull waits for bytes of the client. What it waits for has been sent
// before.
func (c *legacyClient) readFull(p []byte) error {
	for len(p) > 0 {
		if c.eof || c.gone {
			return io.EOF
		}
		if !c.sock.Readable() {
			c.flush()
			c.wait()
			continue
		}
		n, err := c.sock.Recv(p)
		p = p[n:]
		c.eof = n == 0 && err != nil
	}
	return nil
}

// wait waits until something may have changed.
func (c *legacyClient) wait() {
	select {
	case <-c.wake:
	case <-c.ctx.Done():
		c.gone = true
	}
}

// flush sends what is there to send. A client that is gone gets nothing.
func (c *legacyClient) flush() {
	for len(c.out) > 0 && !c.gone {
		if !c.sock.Writable() {
			c.wait()
			continue
		}
		n, err := c.sock.Send(c.out)
		c.out = c.out[n:]
		if n == 0 && err != nil && c.sock.Writable() {
			c.gone = true
		}
	}
	c.out = nil
}

// flushAt is how many bytes are collected before they are sent.
const flushAt = 64 << 10

// message adds a message to what is sent to the client.
func (c *legacyClient) message(kind byte, body []byte) {
	c.out = binary.BigEndian.AppendUint32(append(c.out, kind), uint32(len(body)+4))
	c.out = append(c.out, body...)
}

// ready sends ReadyForQuery, with the status that PostgreSQL gave last.
func (c *legacyClient) ready() { c.message('Z', []byte{c.status}) }

// fatal sends an ErrorResponse of our own.
func (c *legacyClient) fatal(code, text string) {
	c.message('E', []byte("SFATAL\x00VFATAL\x00C"+code+"\x00M"+text+"\x00\x00"))
}

// take makes a message the guest's input.
func (c *legacyClient) take(kind byte, body []byte) {
	c.input = binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))
	c.input = append(c.input, body...)
}

// drop forgets what the guest has not read of its input.
func (c *legacyClient) drop() { c.input = nil }

// The methods of Socket, for the guest.

// Recv gives the guest its input. If it wants more, which it does while it
// copies data from the client, it gets the client's next message. A client that
// leaves then ends PostgreSQL at once: that of PGlite 0.2 would ask forever.
func (c *legacyClient) Recv(p []byte) (int, error) {
	if len(c.input) == 0 {
		kind, body, err := c.read()
		if err != nil || kind == 'X' {
			emscripten.Exit(1)
		}
		c.take(kind, body)
	}
	n := copy(p, c.input)
	c.input = c.input[n:]
	return n, nil
}

// Send takes what the guest sends. A ReadyForQuery is not passed on.
func (c *legacyClient) Send(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if c.have < len(c.header) {
			k := copy(c.header[c.have:], p)
			c.have += k
			p = p[k:]
			if c.have < len(c.header) {
				break
			}
			c.left = int(binary.BigEndian.Uint32(c.header[1:])) - 4
			if c.passes() {
				c.out = append(c.out, c.header[:]...)
			}
		}
		k := min(c.left, len(p))
		if c.passes() {
			c.out = append(c.out, p[:k]...)
		} else {
			c.body = append(c.body, p[:k]...)
		}
		c.left -= k
		p = p[k:]
		if c.left == 0 {
			c.complete()
		}
	}
	if len(c.out) >= flushAt {
		c.flush()
	}
	return n, nil
}

// passes reports whether the message that the guest is writing goes to the
// client.
func (c *legacyClient) passes() bool { return c.capture == nil && c.header[0] != 'Z' }

// complete is called at the end of each message of the guest.
func (c *legacyClient) complete() {
	switch c.header[0] {
	case 'Z':
		if len(c.body) == 1 {
			c.status = c.body[0]
		}
	case 'E':
		c.failed = true
		if c.capture != nil {
			c.capture.failed = c.body
		}
	case 'D':
		if c.capture != nil {
			c.capture.rows = append(c.capture.rows, dataRow(c.body))
		}
	}
	c.have, c.body = 0, nil
}

// dataRow decodes the text of a row's columns.
func dataRow(b []byte) []string {
	row := make([]string, binary.BigEndian.Uint16(b))
	b = b[2:]
	for i := range row {
		n := int32(binary.BigEndian.Uint32(b))
		b = b[4:]
		if n > 0 {
			row[i], b = string(b[:n]), b[n:]
		}
	}
	return row
}

// Readable and Writable tell that the guest can always read and write; it
// waits in Recv and Send.
func (c *legacyClient) Readable() bool { return true }

func (c *legacyClient) Writable() bool { return true }

// HungUp is false: it waits for all answers.
func (c *legacyClient) HungUp() bool { return false }

// SetNotify does nothing: nobody waits for notice.
func (c *legacyClient) SetNotify(func()) {}

// HangUp makes Send fail instead of waiting.
func (c *legacyClient) HangUp() { c.sock.HangUp() }

// RemoteAddr returns the client's address.
func (c *legacyClient) RemoteAddr() net.Addr { return c.sock.RemoteAddr() }
