package pglite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// A lock is held on a file as long as it is open. The operating system
// releases it when the process ends, however that happens.
type lock struct{ f *os.File }

// lockFile locks a file, which it makes if it does not exist. The file says
// who holds it.
func lockFile(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 200))
		f.Close()
		if !errors.Is(err, errHeld) {
			return nil, fmt.Errorf("locking the data directory: %w", err)
		}
		if who := strings.TrimSpace(string(holder)); who != "" {
			return nil, fmt.Errorf("%w by %s", ErrLocked, who)
		}
		return nil, ErrLocked
	}
	host, _ := os.Hostname()
	text := fmt.Sprintf("process %d on %s\n", os.Getpid(), host)
	if err := errors.Join(f.Truncate(0), writeAt(f, text)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &lock{f}, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// errHeld says that another has the lock.
var errHeld = errors.New("held by another")

// Close releases the lock. The file stays.
func (l *lock) Close() error { return l.f.Close() }
