package wire

import (
	"container/list"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"
)

// serve does everything for one connection, from its first byte until it is closed.
func (v *service) serve(raw net.Conn, place *list.Element) {
	log := v.log.With(slog.String("remote", v.remote(raw)))
	conn, st, err := v.startup(raw, place)
	if st.Request == RequestStartup && err == nil {
		v.session(log, conn, st)
		return
	}
	defer v.server.lobby.leave(place)
	if err != nil {
		v.refuse(log, conn, err)
		return
	}
	log.LogAttrs(v.ctx, slog.LevelDebug, "cancel request", slog.Uint64("pid", uint64(st.PID)))
	v.server.Cluster.Cancel(st.PID, st.Key)
	_ = conn.Close()
}

// startup finds out what a client wants. If that is a session, it may have one, and has left the lobby.
func (v *service) startup(raw net.Conn, place *list.Element) (net.Conn, Startup, error) {
	conn, st, err := v.negotiate(raw)
	if err == nil && st.Request == RequestStartup {
		err = v.promote(raw, place)
	}
	return conn, st, err
}

// session runs a backend for conn.
func (v *service) session(log *slog.Logger, conn net.Conn, st Startup) {
	began := time.Now()
	log.LogAttrs(v.ctx, slog.LevelInfo, "session begins",
		slog.String("user", st.Parameter("user")),
		slog.String("database", st.Parameter("database")),
		slog.Bool("tls", encrypted(conn)))
	s, done := Bridge(conn, st.Raw)
	err := v.server.Cluster.Connect(v.ctx, s)
	if err != nil && s.p.down.total() == 0 {
		reason := encodeFailure(err)
		if v.ctx.Err() != nil {
			reason = errShuttingDown.encode()
		}
		_, _ = s.Send(reason)
	}
	v.server.endSession() // before the client can know, so that it may come again at once
	_ = s.Close()
	<-done
	attrs := []slog.Attr{
		slog.Uint64("pid", uint64(s.p.pid.Load())),
		slog.Duration("duration", time.Since(began)),
		slog.Int64("received", s.p.up.total()),
		slog.Int64("sent", s.p.down.total()),
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	log.LogAttrs(v.ctx, slog.LevelInfo, "session ends", attrs...)
}

// refuse tells the client why, if it should know, and closes conn.
func (v *service) refuse(log *slog.Logger, conn net.Conn, err error) {
	level := slog.LevelWarn
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || v.isStopping() {
		level = slog.LevelDebug
	}
	log.LogAttrs(v.ctx, level, "no session", slog.Any("error", err))
	if r, ok := errors.AsType[*refusal](err); ok && !r.silent {
		say(conn, r.encode())
	}
	_ = conn.Close()
}

// say sends the last message of a connection and waits a little for the client to close, so that it arrives.
func say(conn net.Conn, message []byte) {
	_ = conn.SetDeadline(time.Now().Add(flushTimeout))
	if _, err := conn.Write(message); err == nil && closeWrite(conn) {
		_, _ = io.Copy(io.Discard, conn)
	}
}

// remote names the client in the log.
func (v *service) remote(conn net.Conn) string {
	addr := conn.RemoteAddr()
	if v.local || addr == nil {
		return "[local]"
	}
	return addr.String()
}
