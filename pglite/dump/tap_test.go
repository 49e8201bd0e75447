package dump

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// TestTap takes a connection while a read waits. What that gets is not lost.
func TestTap(t *testing.T) {
	t.Parallel()
	client, server := net.Pipe()
	var cfg pgconn.Config
	tapped(&cfg)
	conn, err := cfg.AfterNetConnect(context.Background(), &cfg, client)
	require.NoError(t, err)
	write := func(s string) {
		go func() { _, _ = io.WriteString(server, s) }()
	}
	buf := make([]byte, 100)
	write("before")
	n, err := conn.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "before", string(buf[:n]))

	waiting := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 100))
		waiting <- err
	}()
	tapOf := conn.(*tap)
	for reading := false; !reading; { // until it waits, or is about to
		tapOf.mu.Lock()
		reading = tapOf.reading > 0
		tapOf.mu.Unlock()
	}
	taken := tapOf.take()
	write("during")
	n, err = io.ReadFull(taken, buf[:6])
	require.NoError(t, err)
	require.Equal(t, "during", string(buf[:n]))
	require.ErrorIs(t, <-waiting, net.ErrClosed)
	_, err = conn.Read(buf)
	require.ErrorIs(t, err, net.ErrClosed)

	write("after")
	n, err = taken.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "after", string(buf[:n]))
	require.NoError(t, server.Close())
	_, err = taken.Read(buf)
	require.ErrorIs(t, err, io.EOF)
}
