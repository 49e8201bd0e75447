package pglite_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// dialers reach a database in memory and over TCP.
func dialers(t *testing.T, db *pglite.DB) map[string]func() net.Conn {
	t.Helper()
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{MaxConnections: 20})
	return map[string]func() net.Conn{
		"Memory": func() net.Conn {
			conn, err := db.ConnConfig().DialFunc(context.Background(), "", "")
			require.NoError(t, err)
			return conn
		},
		"TCP": func() net.Conn {
			conn, err := net.Dial("tcp", addr.String())
			require.NoError(t, err)
			return conn
		},
	}
}

func encode(t *testing.T, m pgproto3.FrontendMessage) []byte {
	t.Helper()
	b, err := m.Encode(nil)
	require.NoError(t, err)
	return b
}

func startup(t *testing.T, params map[string]string) []byte {
	return encode(t, &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: params})
}

// untilReady reads messages until the server is ready for a query.
func untilReady(t *testing.T, conn net.Conn) *pgproto3.Frontend {
	t.Helper()
	f := pgproto3.NewFrontend(conn, conn)
	for {
		m, err := f.Receive()
		require.NoError(t, err)
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			return f
		}
	}
}

// A client may break off at any byte. It harms nobody and leaves nothing.
func TestClientsThatBreakOff(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	hello := startup(t, map[string]string{"user": "postgres", "database": "postgres"})
	work := bytes.Join([][]byte{
		encode(t, &pgproto3.Query{String: "BEGIN; LOCK TABLE pg_class; SELECT 1"}),
		encode(t, &pgproto3.Parse{Query: "SELECT $1::int"}),
		encode(t, &pgproto3.Bind{Parameters: [][]byte{[]byte("1")}}),
		encode(t, &pgproto3.Execute{}),
		encode(t, &pgproto3.Sync{}),
	}, nil)
	for name, dial := range dialers(t, db) {
		for n := range hello {
			conn := dial()
			_, err := conn.Write(hello[:n])
			require.NoError(t, err)
			require.NoError(t, conn.Close())
		}
		for n := range work {
			conn := dial()
			_, err := conn.Write(hello)
			require.NoError(t, err)
			untilReady(t, conn)
			_, err = conn.Write(work[:n])
			require.NoError(t, err)
			require.NoError(t, conn.Close())
		}
		require.Equal(t, 1, query[int](t, db, "SELECT 1"), name)
	}
	// All of them are gone, with their locks, as soon as they have noticed.
	for query[int](t, db, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") > 1 {
		exec(t, db, "SELECT pg_sleep(0.01)")
	}
	require.Equal(t, 0, query[int](t, db, "SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid()"))
}

func TestClientsThatSendGarbage(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	length := func(n uint32, rest ...byte) []byte { return append(binary.BigEndian.AppendUint32(nil, n), rest...) }
	beforeStartup := map[string][]byte{
		"Text":           []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"Zeroes":         make([]byte, 64),
		"Ones":           bytes.Repeat([]byte{0xff}, 64),
		"TooLong":        length(1<<30, 0, 3, 0, 0),
		"TooShort":       length(4),
		"Version2":       length(8, 0, 2, 0, 0),
		"Version4":       length(9, 0, 4, 0, 0, 0),
		"NoTerminator":   length(16, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0, 'p', 'g', 'x'),
		"NoUser":         startup(t, map[string]string{"database": "postgres"}),
		"NoSuchUser":     startup(t, map[string]string{"user": "nobody"}),
		"NoSuchDatabase": startup(t, map[string]string{"user": "postgres", "database": "nope"}),
		"BadOption":      startup(t, map[string]string{"user": "postgres", "options": "-c work_mem=much"}),
		"UnknownOption":  startup(t, map[string]string{"user": "postgres", "nonsense": "1"}),
	}
	afterStartup := map[string][]byte{
		"UnknownType":  {'~', 0, 0, 0, 4},
		"TooLong":      append([]byte{'Q'}, length(1<<31-1)...),
		"TooShort":     append([]byte{'Q'}, length(3)...),
		"Negative":     append([]byte{'Q'}, length(1<<31)...),
		"NoTerminator": append([]byte{'Q'}, length(8, 'S', 'E', 'L', 'E')...),
		"BadBind":      append([]byte{'B'}, length(12, 0, 0, 0xff, 0xff, 0, 0, 0, 0)...),
		"Garbage":      bytes.Repeat([]byte{0x80}, 1000),
	}
	hello := startup(t, map[string]string{"user": "postgres", "database": "postgres"})
	for name, dial := range dialers(t, db) {
		for what, b := range beforeStartup {
			conn := dial()
			_, err := conn.Write(b)
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, conn) // the server ends it
			conn.Close()
			require.Equal(t, 1, query[int](t, db, "SELECT 1"), name+" "+what)
		}
		for what, b := range afterStartup {
			conn := dial()
			_, err := conn.Write(hello)
			require.NoError(t, err)
			untilReady(t, conn)
			_, _ = conn.Write(b)
			// What ends the session and what only fails is PostgreSQL's affair.
			_, _ = conn.Write(encode(t, &pgproto3.Terminate{}))
			_, _ = io.Copy(io.Discard, conn)
			conn.Close()
			require.Equal(t, 1, query[int](t, db, "SELECT 1"), name+" "+what)
		}
	}
}
