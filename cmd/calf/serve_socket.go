package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/calfdb/calf/pglite"
)

// A unixListener is a Unix-domain socket with PostgreSQL's lock file beside it.
type unixListener struct {
	net.Listener
	lock *os.File
	once sync.Once
	err  error
}

// listenUnix listens on a Unix-domain socket that only its owner can use, for
// the database in a directory. A socket that nobody listens on any more is
// replaced.
func listenUnix(path, db string) (_ net.Listener, err error) {
	defer func() {
		if _, named := errors.AsType[*net.OpError](err); err != nil && !named {
			err = fmt.Errorf("listen unix %s: %w", path, err)
		}
	}()
	// It may be PostgreSQL, whose lock is not the system's.
	if err := nobodyListens(path); err != nil {
		return nil, err
	}
	lock, err := lockSocket(path + ".lock")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			unlockSocket(lock)
		}
	}()
	if err := describeSocket(lock, path, db); err != nil {
		return nil, err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := listenPrivately(path)
	if err != nil {
		return nil, err
	}
	return &unixListener{Listener: l, lock: lock}, nil
}

// Close removes the socket and its lock.
func (l *unixListener) Close() error {
	l.once.Do(func() {
		l.err = errors.Join(l.Listener.Close(), unlockSocket(l.lock))
	})
	return l.err
}

// errListening says that the socket is another's.
var errListening = errors.New("another server listens there")

// nobodyListens fails unless it is certain that nobody listens at path.
func nobodyListens(path string) error {
	conn, err := net.Dial("unix", path)
	switch {
	case err == nil:
		conn.Close()
		return errListening
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil
	}
	if info, statErr := os.Lstat(path); statErr == nil && info.Mode()&os.ModeSocket == 0 {
		return nil // no socket, and in the way of one
	}
	return err
}

// lockSocket opens a lock file, which it makes if it does not exist, and locks
// it as long as it is open. The system unlocks it when the process ends.
func lockSocket(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := tryLock(f); err != nil {
			f.Close()
			return nil, err
		}
		mine, err1 := f.Stat()
		now, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(mine, now) {
			return f, nil
		}
		f.Close() // it was removed meanwhile
	}
}

// unlockSocket removes a lock file.
func unlockSocket(lock *os.File) error {
	return errors.Join(os.Remove(lock.Name()), lock.Close())
}

// describeSocket writes what PostgreSQL reads in a lock file (miscadmin.h): the
// process, the data directory, the time, the port and the folder of the socket.
// A PostgreSQL does not start in its place while the process lives.
func describeSocket(lock *os.File, path, db string) error {
	if abs, err := filepath.Abs(db); err == nil && db != pglite.Memory {
		db = abs
	}
	port := strings.TrimPrefix(filepath.Ext(path), ".")
	text := fmt.Sprintf("%d\n%s\n%d\n%s\n%s\n", os.Getpid(), db, time.Now().Unix(), port, filepath.Dir(path))
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(text), 0)
	return err
}
