package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// scripted is a Cluster whose backends speak enough of the protocol for a real client, and do what a few magic words say:
//
//	select 1   one row
//	wait       waits to be cancelled
//	flood      4 MB of rows
//	die        ends the session with an error
//
// Everything else succeeds.
type scripted struct {
	fail    error         // what Connect fails with, if anything
	began   chan struct{} // receives when a session is ready for queries, if not nil
	waiting chan struct{} // receives when a wait has begun, if not nil

	pids    atomic.Uint32
	most    atomic.Int32 // the most sessions there were at once
	now     atomic.Int32
	mu      sync.Mutex
	cancels map[uint32]chan struct{}
}

// cancelKey is the key of the backend with that pid: longer than those of protocol 3.0.
func cancelKey(pid uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte("key of 3.2 "), pid)
}

const authenticationTimeout = 90 * time.Second

func (c *scripted) AuthenticationTimeout() time.Duration { return authenticationTimeout }

func (c *scripted) Cancel(pid uint32, key []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.cancels[pid]; ch != nil && string(key) == string(cancelKey(pid)) {
		ch <- struct{}{}
	}
}

func (c *scripted) Connect(ctx context.Context, s *Socket) error {
	if n := c.now.Add(1); n > c.most.Load() {
		c.most.Store(n)
	}
	defer c.now.Add(-1)
	if c.fail != nil {
		return c.fail
	}
	pid := c.pids.Add(1)
	s.SetPID(pid)
	cancels := make(chan struct{}, 1)
	c.mu.Lock()
	if c.cancels == nil {
		c.cancels = make(map[uint32]chan struct{})
	}
	c.cancels[pid] = cancels
	c.mu.Unlock()

	rw := newBlocking(s)
	defer context.AfterFunc(ctx, rw.interrupt)()
	err := c.converse(ctx, pgproto3.NewBackend(rw, rw), pid, cancels)
	if errors.Is(err, errInterrupted) {
		_, _ = rw.Write(encodeFatal(&pgproto3.ErrorResponse{
			Code: "57P01", Message: "terminating connection due to administrator command",
		}))
		return nil
	}
	return err
}

func (c *scripted) converse(ctx context.Context, be *pgproto3.Backend, pid uint32, cancels chan struct{}) error {
	if _, err := be.ReceiveStartupMessage(); err != nil {
		return err
	}
	be.Send(&pgproto3.AuthenticationOk{})
	be.Send(&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"})
	be.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
	be.Send(&pgproto3.BackendKeyData{ProcessID: pid, SecretKey: cancelKey(pid)})
	for first := true; ; first = false {
		be.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if err := be.Flush(); err != nil {
			return err
		}
		if first && c.began != nil {
			c.began <- struct{}{}
		}
		m, err := be.Receive()
		if err != nil {
			return err
		}
		q, ok := m.(*pgproto3.Query)
		if !ok {
			return nil // Terminate
		}
		switch q.String {
		case "select 1":
			be.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("one"), DataTypeOID: 23}}})
			be.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("1")}})
		case "flood":
			be.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("b"), DataTypeOID: 25}}})
			for range 4096 {
				be.Send(&pgproto3.DataRow{Values: [][]byte{make([]byte, 1024)}})
			}
		case "wait":
			if c.waiting != nil {
				c.waiting <- struct{}{}
			}
			select {
			case <-cancels:
				be.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "57014", Message: "canceling statement due to user request"})
				continue
			case <-ctx.Done():
				return errInterrupted
			}
		case "die":
			be.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P02", Message: "terminating connection because of crash"})
			return be.Flush()
		}
		be.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
	}
}
