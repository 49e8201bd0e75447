package pglite

import (
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/calfdb/calf/runtime"
)

// A listener is where a server of the database takes clients.
type listener struct {
	addr net.Addr
	tls  bool
}

// listens shows in listen_addresses, port, unix_socket_directories and ssl that
// clients are taken there, until the function that it returns is called.
func (db *DB) listens(l *listener) (stop func()) {
	change := func(f func([]*listener) []*listener) {
		db.listening.Lock()
		defer db.listening.Unlock()
		db.listeners = f(db.listeners)
		// It fails if the database is being closed.
		_ = db.cluster.SetListening(db.ctx, shown(db.listeners))
	}
	change(func(list []*listener) []*listener { return append(list, l) })
	return func() {
		change(func(list []*listener) []*listener {
			return slices.DeleteFunc(list, func(other *listener) bool { return other == l })
		})
	}
}

// shown says what PostgreSQL shows of listeners. There is one port: that of the
// first TCP listener, or else of the first socket.
func shown(list []*listener) (l runtime.Listening) {
	for _, one := range list {
		switch addr := one.addr.(type) {
		case *net.TCPAddr:
			host := addr.IP.String()
			if addr.IP.IsUnspecified() {
				host = "*"
			}
			if len(l.Addresses) == 0 {
				l.Port = addr.Port
			}
			l.Addresses = append(l.Addresses, host)
			l.TLS = l.TLS || one.tls
		case *net.UnixAddr:
			dir, err := filepath.Abs(filepath.Dir(addr.Name))
			if err != nil {
				dir = filepath.Dir(addr.Name)
			}
			l.Directories = append(l.Directories, dir)
			if l.Port == 0 {
				l.Port, _ = strconv.Atoi(strings.TrimPrefix(filepath.Ext(addr.Name), "."))
			}
		}
	}
	return l
}
