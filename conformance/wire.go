package conformance

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// firstUserOID is the first object identifier that initdb does not give away. Which ones user objects get is nobody's
// business, so transcripts show a question mark for them.
const firstUserOID = 16384

// wire is a session whose messages are sent and read one by one. In what it reads, ParameterStatus messages are left out,
// because servers may report a setting whenever they like.
type wire struct {
	*session
	hijacked *pgconn.HijackedConn
	ended    bool // the server closed the connection
}

// wire takes the session's connection over until the end of the test, where the session gets it back.
func (s *session) wire() *wire {
	s.Helper()
	hijacked, err := s.pg.Hijack()
	require.NoError(s, err)
	w := &wire{session: s, hijacked: hijacked}
	if deadline, ok := s.ctx.Deadline(); ok {
		require.NoError(s, hijacked.Conn.SetDeadline(deadline))
	}
	s.Cleanup(w.release)
	return w
}

// release gives the connection back to the session, or a new one if the test failed and the protocol may be out of step.
func (w *wire) release() {
	if w.ended || w.Failed() {
		_ = w.hijacked.Conn.Close()
		w.connect(nil)
		return
	}
	pg, err := pgconn.Construct(w.hijacked)
	if err != nil {
		w.Errorf("giving the connection back: %v", err)
		return
	}
	w.pg = pg
}

// send writes messages in one go.
func (w *wire) send(messages ...pgproto3.FrontendMessage) {
	w.Helper()
	for _, message := range messages {
		w.hijacked.Frontend.Send(message)
	}
	require.NoError(w, w.hijacked.Frontend.Flush())
}

// sendBytes writes bytes as they are.
func (w *wire) sendBytes(bytes []byte) {
	w.Helper()
	_, err := w.hijacked.Conn.Write(bytes)
	require.NoError(w, err)
}

// receive reads the next message, and returns it until the one after it is read.
func (w *wire) receive() pgproto3.BackendMessage {
	w.Helper()
	for {
		message, err := w.hijacked.Frontend.Receive()
		require.NoError(w, err)
		switch message := message.(type) {
		case *pgproto3.ParameterStatus:
			continue
		case *pgproto3.ReadyForQuery:
			w.hijacked.TxStatus = message.TxStatus
		}
		return message
	}
}

// read reads n messages.
func (w *wire) read(n int) []string {
	w.Helper()
	lines := make([]string, 0, n)
	for range n {
		lines = append(lines, render(w.receive()))
	}
	return lines
}

// readUntilReady reads messages up to and including a ReadyForQuery.
func (w *wire) readUntilReady() []string {
	w.Helper()
	var lines []string
	for {
		message := w.receive()
		lines = append(lines, render(message))
		if _, ok := message.(*pgproto3.ReadyForQuery); ok {
			return lines
		}
	}
}

// roundTrip sends messages and reads up to and including one ReadyForQuery.
func (w *wire) roundTrip(messages ...pgproto3.FrontendMessage) []string {
	w.Helper()
	w.send(messages...)
	return w.readUntilReady()
}

// expectEnd reads to the end of the connection, which the server must close without another message.
func (w *wire) expectEnd() {
	w.Helper()
	_, err := w.hijacked.Frontend.Receive()
	require.Error(w, err, "the server should have closed the connection")
	w.ended = true
}

// render writes a message as a line: its type byte, then what matters in it.
func render(message pgproto3.BackendMessage) string {
	switch m := message.(type) {
	case *pgproto3.BackendKeyData:
		return "K"
	case *pgproto3.BindComplete:
		return "2"
	case *pgproto3.CloseComplete:
		return "3"
	case *pgproto3.CommandComplete:
		return "C " + string(m.CommandTag)
	case *pgproto3.CopyBothResponse:
		return "W"
	case *pgproto3.CopyData:
		return "d " + escape(string(m.Data))
	case *pgproto3.CopyDone:
		return "c"
	case *pgproto3.CopyInResponse:
		return fmt.Sprintf("G %d %d", m.OverallFormat, len(m.ColumnFormatCodes))
	case *pgproto3.CopyOutResponse:
		return fmt.Sprintf("H %d %d", m.OverallFormat, len(m.ColumnFormatCodes))
	case *pgproto3.DataRow:
		return "D " + escape(joinRow(m.Values))
	case *pgproto3.EmptyQueryResponse:
		return "I"
	case *pgproto3.ErrorResponse:
		return fmt.Sprintf("E %s %s %s", m.Severity, m.Code, escape(m.Message))
	case *pgproto3.FunctionCallResponse:
		return "V " + escape(string(m.Result))
	case *pgproto3.NoData:
		return "n"
	case *pgproto3.NoticeResponse:
		return fmt.Sprintf("N %s %s %s", m.Severity, m.Code, escape(m.Message))
	case *pgproto3.NotificationResponse:
		return fmt.Sprintf("A %s|%s", m.Channel, escape(m.Payload))
	case *pgproto3.ParameterDescription:
		return "t " + renderOIDs(m.ParameterOIDs)
	case *pgproto3.ParseComplete:
		return "1"
	case *pgproto3.PortalSuspended:
		return "s"
	case *pgproto3.ReadyForQuery:
		return "Z " + string(m.TxStatus)
	case *pgproto3.RowDescription:
		fields := make([]string, len(m.Fields))
		for i, field := range m.Fields {
			fields[i] = string(field.Name) + ":" + renderOID(field.DataTypeOID)
		}
		return "T " + strings.Join(fields, ",")
	default:
		return fmt.Sprintf("%T", message)
	}
}

func renderOIDs(oids []uint32) string {
	names := make([]string, len(oids))
	for i, oid := range oids {
		names[i] = renderOID(oid)
	}
	return strings.Join(names, ",")
}

func renderOID(oid uint32) string {
	if oid >= firstUserOID {
		return "?"
	}
	return strconv.FormatUint(uint64(oid), 10)
}

// escape keeps a value on one line.
func escape(value string) string {
	return strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(value)
}

// unescape undoes escape.
func unescape(value string) string {
	return strings.NewReplacer(`\\`, "\\", `\n`, "\n", `\r`, "\r", `\t`, "\t").Replace(value)
}
