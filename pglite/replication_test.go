package pglite_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// replicate opens a connection for physical replication, as pg_basebackup and pg_receivewal do.
func replicate(t *testing.T, db *pglite.DB) *pgconn.PgConn {
	t.Helper()
	cfg := db.ConnConfig()
	cfg.RuntimeParams["replication"] = "true"
	conn, err := pgconn.ConnectConfig(t.Context(), &cfg.Config)
	require.NoError(t, err)
	return conn
}

// A base backup by the protocol of replication is a directory that opens.
func TestBaseBackup(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{Settings: map[string]string{"wal_level": "replica", "max_wal_senders": "5"}}) // which a database in memory has not by itself
	exec(t, db, "CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g")
	conn := replicate(t, db)
	defer conn.Close(context.Background())
	front := conn.Frontend()
	front.SendQuery(&pgproto3.Query{String: "BASE_BACKUP (CHECKPOINT 'fast', WAL)"})
	require.NoError(t, front.Flush())
	var archive bytes.Buffer
	for done := false; !done; {
		m, err := front.Receive()
		require.NoError(t, err)
		switch m := m.(type) {
		case *pgproto3.CopyData:
			if m.Data[0] == 'd' {
				archive.Write(m.Data[1:])
			}
		case *pgproto3.ErrorResponse:
			t.Fatal(m.Message)
		case *pgproto3.ReadyForQuery:
			done = true
		}
	}
	restored := open(t, pglite.Config{Load: &archive})
	require.Equal(t, 1000, query[int](t, restored, "SELECT count(*) FROM t"))
}

// The write-ahead log is streamed, and Close ends that, with a word to who reads it.
func TestStreamedWAL(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{Settings: map[string]string{"wal_level": "replica", "max_wal_senders": "5"}}) // which a database in memory has not by itself
	conn := replicate(t, db)
	defer conn.Close(context.Background())
	results, err := conn.Exec(t.Context(), "IDENTIFY_SYSTEM").ReadAll()
	require.NoError(t, err)
	at := string(results[0].Rows[0][2])
	front := conn.Frontend()
	front.SendQuery(&pgproto3.Query{String: "START_REPLICATION PHYSICAL " + at})
	require.NoError(t, front.Flush())
	// A little, because a sender that waits until it can write is told to end without a word.
	exec(t, db, "SELECT pg_logical_emit_message(true, 'calf', 'a message in the WAL')")
	var wal bytes.Buffer
	for !bytes.Contains(wal.Bytes(), []byte("a message in the WAL")) {
		m, err := front.Receive()
		require.NoError(t, err)
		if data, ok := m.(*pgproto3.CopyData); ok && data.Data[0] == 'w' {
			wal.Write(data.Data[25:]) // behind three numbers
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	said := ""
	for {
		m, err := front.Receive()
		if err != nil {
			break
		}
		if e, ok := m.(*pgproto3.ErrorResponse); ok {
			said = e.Code
		}
	}
	require.Equal(t, "57P01", said)
	require.NoError(t, <-closed)
}
