package conformance

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// testProtocol checks what the transcripts cannot say: how messages are cut and joined, and what is wrong in them.
func testProtocol(a *area) {
	a.run("Startup", func(s *session) {
		for _, name := range []string{
			"server_version", "server_encoding", "client_encoding", "DateStyle", "TimeZone", "integer_datetimes",
			"standard_conforming_strings", "IntervalStyle", "is_superuser", "session_authorization",
		} {
			require.NotEmpty(s, s.pg.ParameterStatus(name), name)
		}
		require.Equal(s, "UTF8", s.pg.ParameterStatus("server_encoding"))
		require.Equal(s, "on", s.pg.ParameterStatus("integer_datetimes"))
		require.Equal(s, s.value(`SHOW server_version`), s.pg.ParameterStatus("server_version"))
		require.Equal(s, s.value(`SELECT session_user`), s.pg.ParameterStatus("session_authorization"))
		require.Equal(s, s.value(`SELECT pg_backend_pid()`), fmt.Sprint(s.pg.PID()))
		require.NotEmpty(s, s.pg.SecretKey())
	})
	a.runWith("StartupParameters", func(config *pgx.ConnConfig) {
		config.RuntimeParams["application_name"] = "conformance"
		config.RuntimeParams["DateStyle"] = "German"
		config.RuntimeParams["options"] = `-c work_mem=5MB -c geqo=off`
		config.RuntimeParams["extra_float_digits"] = "0"
	}, func(s *session) {
		require.Equal(s, "conformance", s.pg.ParameterStatus("application_name"))
		s.want(`SHOW application_name`, "conformance")
		s.want(`SHOW DateStyle`, "German, DMY")
		s.want(`SHOW work_mem`, "5MB")
		s.want(`SHOW geqo`, "off")
		s.want(`SELECT 0.1::float8 + 0.2`, "0.3")
		// RESET goes back to what the client asked for.
		s.exec(`SET work_mem = '9MB'; RESET work_mem`)
		s.want(`SHOW work_mem`, "5MB")
	})
	a.run("OneReadyForQueryPerErrorCycle", func(s *session) {
		w := s.wire()
		bad := []pgproto3.FrontendMessage{
			&pgproto3.Parse{Query: "SELECT 1/0"}, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'P'},
			&pgproto3.Execute{}, &pgproto3.Sync{},
		}
		for range 100 {
			require.Equal(s, []string{"1", "E ERROR 22012 division by zero", "Z I"}, w.roundTrip(bad...))
			require.Equal(s, []string{"E ERROR 42703 column \"x\" does not exist", "Z I"}, w.roundTrip(&pgproto3.Query{String: "SELECT x"}))
		}
		require.Equal(s, []string{"T ?column?:23", "D 1", "C SELECT 1", "Z I"}, w.roundTrip(&pgproto3.Query{String: "SELECT 1"}))
	})
	a.run("ManyErrorCyclesAtOnce", func(s *session) {
		w := s.wire()
		var messages []pgproto3.FrontendMessage
		var want []string
		for i := range 200 {
			messages = append(messages, &pgproto3.Query{String: fmt.Sprintf("SELECT no%d", i)},
				&pgproto3.Parse{Query: "SELECT 'a'"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{},
				&pgproto3.Parse{Query: "selec"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{})
			want = append(want, fmt.Sprintf("E ERROR 42703 column \"no%d\" does not exist", i), "Z I",
				"1", "2", "D a", "C SELECT 1", "Z I", "E ERROR 42601 syntax error at or near \"selec\"", "Z I")
		}
		w.send(messages...)
		require.Equal(s, want, w.read(len(want)))
	})
	a.run("OneByteAtATime", func(s *session) {
		w := s.wire()
		for _, b := range encode(s, &pgproto3.Query{String: "SELECT 'byte by byte'"}) {
			w.sendBytes([]byte{b})
		}
		require.Equal(s, []string{"T ?column?:25", "D byte by byte", "C SELECT 1", "Z I"}, w.readUntilReady())
		bytes := encode(s, &pgproto3.Parse{Query: "SELECT $1::int + 1"}, &pgproto3.Bind{Parameters: [][]byte{[]byte("41")}},
			&pgproto3.Execute{}, &pgproto3.Sync{}, &pgproto3.Query{String: "SELECT 2"})
		for len(bytes) > 0 {
			n := min(3, len(bytes))
			w.sendBytes(bytes[:n])
			bytes = bytes[n:]
		}
		require.Equal(s, []string{"1", "2", "D 42", "C SELECT 1", "Z I"}, w.readUntilReady())
		require.Equal(s, []string{"T ?column?:23", "D 2", "C SELECT 1", "Z I"}, w.readUntilReady())
	})
	a.run("HalfAMessage", func(s *session) {
		w := s.wire()
		first := encode(s, &pgproto3.Query{String: "SELECT 1"})
		second := encode(s, &pgproto3.Query{String: "SELECT 2"})
		w.sendBytes(append(first, second[:7]...))
		require.Equal(s, []string{"T ?column?:23", "D 1", "C SELECT 1", "Z I"}, w.readUntilReady())
		w.sendBytes(second[7:])
		require.Equal(s, []string{"T ?column?:23", "D 2", "C SELECT 1", "Z I"}, w.readUntilReady())
	})
	a.run("TrailingBytes", func(s *session) {
		w := s.wire()
		// A Query whose body goes on after its string.
		w.sendBytes(frame('Q', []byte("SELECT 1\x00SELECT 2\x00")))
		require.Equal(s, []string{"E ERROR 08P01 invalid message format", "Z I"}, w.readUntilReady())
		w.sendBytes(frame('Q', []byte("SELECT 1")))
		require.Equal(s, []string{"E ERROR 08P01 invalid string in message", "Z I"}, w.readUntilReady())
		w.sendBytes(append(frame('P', []byte("\x00SELECT 1\x00\x00\x05")), frame('S', nil)...))
		require.Equal(s, []string{"E ERROR 08P01 insufficient data left in message", "Z I"}, w.readUntilReady())
		w.sendBytes(append(frame('D', []byte("Xname\x00")), frame('S', nil)...))
		require.Equal(s, []string{"E ERROR 08P01 invalid DESCRIBE message subtype 88", "Z I"}, w.readUntilReady())
		w.sendBytes(append(frame('C', []byte("Xname\x00")), frame('S', nil)...))
		require.Equal(s, []string{"E ERROR 08P01 invalid CLOSE message subtype 88", "Z I"}, w.readUntilReady())
	})
	a.run("UnknownMessageType", func(s *session) {
		w := s.wire()
		w.sendBytes(frame('!', nil))
		require.Equal(s, []string{"E FATAL 08P01 invalid frontend message type 33"}, w.read(1))
		w.expectEnd()
	})
	a.run("MessageLengthTooSmall", func(s *session) {
		w := s.wire()
		w.sendBytes([]byte{'Q', 0, 0, 0, 3})
		w.expectEnd()
	})
	a.run("Terminate", func(s *session) {
		w := s.wire()
		w.send(&pgproto3.Query{String: "SELECT 1"}, &pgproto3.Terminate{})
		require.Equal(s, []string{"T ?column?:23", "D 1", "C SELECT 1", "Z I"}, w.readUntilReady())
		w.expectEnd()
	})
	a.run("InvalidUTF8", func(s *session) {
		for _, bytes := range []string{"\xff", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80"} {
			s.fails("22021", "SELECT '"+bytes+"'")
			s.fails("22021", "SELECT $1::text", bytes)
		}
		e := s.fails("22021", "SELECT '\xff'")
		require.Equal(s, `invalid byte sequence for encoding "UTF8": 0xff`, e.Message)
		s.fails("22021", `SELECT E'\xff'`)
		s.fails("22021", `SELECT convert_from('\xff', 'UTF8')`)
	})
	a.run("ZeroByte", func(s *session) {
		e := s.fails("22021", "SELECT $1::text", "a\x00b")
		require.Equal(s, `invalid byte sequence for encoding "UTF8": 0x00`, e.Message)
		s.fails("22021", `SELECT convert_from('\x00', 'UTF8')`)
		s.fails("54000", `SELECT chr(0)`)
		// In the binary form of bytea it is a byte like any other.
		r := s.pg.ExecParams(s.ctx, `SELECT $1::bytea`, [][]byte{{'a', 0, 'b'}}, nil, []int16{1}, []int16{1}).Read()
		require.NoError(s, r.Err)
		require.Equal(s, []byte{'a', 0, 'b'}, r.Rows[0][0])
	})
	a.run("Simultaneous", func(s *session) {
		// Far more than any buffer holds goes both ways at once.
		w := s.wire()
		const queries = 2000
		padding := strings.Repeat("x", 1000)
		sent := make(chan error, 1)
		go func() {
			var bytes []byte
			for range queries {
				bytes, _ = (&pgproto3.Query{String: "SELECT '" + padding + "'"}).Encode(bytes)
			}
			_, err := w.hijacked.Conn.Write(bytes)
			sent <- err
		}()
		want := []string{"T ?column?:25", "D " + padding, "C SELECT 1", "Z I"}
		for range queries {
			require.Equal(s, want, w.readUntilReady())
		}
		require.NoError(s, <-sent)
	})
	a.run("CancelRequestOfIdleSession", func(s *session) {
		if s.target.MaxConnections == 1 {
			s.Skip("the target allows one session at a time")
		}
		require.NoError(s, s.pg.CancelRequest(s.ctx))
		// A request may still be under way; whichever statement it meets, the session goes on.
		for range 3 {
			if _, err := s.run(`SELECT 1`); err != nil {
				s.isError("57014", err, "SELECT 1")
			}
		}
	})
	a.run("Ping", func(s *session) {
		require.NoError(s, s.conn.Ping(s.ctx))
	})
	a.run("ExecBatch", func(s *session) {
		batch := &pgconn.Batch{}
		batch.ExecParams(`SELECT $1::int`, [][]byte{[]byte("1")}, nil, nil, nil)
		batch.ExecParams(`SELECT 2`, nil, nil, nil, nil)
		results, err := s.pg.ExecBatch(s.ctx, batch).ReadAll()
		require.NoError(s, err)
		require.Len(s, results, 2)
		require.Equal(s, "2", string(results[1].Rows[0][0]))
	})
}

// encode returns messages as bytes.
func encode(t require.TestingT, messages ...pgproto3.FrontendMessage) []byte {
	var bytes []byte
	var err error
	for _, message := range messages {
		bytes, err = message.Encode(bytes)
		require.NoError(t, err)
	}
	return bytes
}

// frame makes a message of a type and a body.
func frame(kind byte, body []byte) []byte {
	message := binary.BigEndian.AppendUint32([]byte{kind}, uint32(4+len(body)))
	return append(message, body...)
}
