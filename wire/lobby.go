package wire

import (
	"container/list"
	"net"
	"sync"
)

// lobbySize is how many connections a Server listens to before they have begun a session.
const lobbySize = 1000

// lobby is where connections are until they begin a session. There is room for lobbySize of them; one more takes the place
// of the oldest, which is closed: who has something to say has said it by then.
type lobby struct {
	mu    sync.Mutex
	conns list.List // of net.Conn, the oldest first
}

// enter admits conn. It returns its place, and the connection that was closed to make room for it, or nil.
func (l *lobby) enter(conn net.Conn) (place *list.Element, evicted net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns.Len() >= lobbySize {
		oldest := l.conns.Front()
		evicted = oldest.Value.(net.Conn)
		l.remove(oldest)
		_ = evicted.Close()
	}
	return l.conns.PushBack(conn), evicted
}

// leave gives up a place. It reports false when that was taken from its owner before.
func (l *lobby) leave(place *list.Element) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if place.Value == nil {
		return false
	}
	l.remove(place)
	return true
}

// remove empties a place. The caller holds mu.
func (l *lobby) remove(place *list.Element) {
	l.conns.Remove(place)
	place.Value = nil
}
