package datadir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/calfdb/calf/internal/filelock"
)

// A lock is held on a file of a data directory as long as it is open. The
// operating system releases it when the process ends, however that happens.
type fileLock struct {
	f    *os.File
	info fs.FileInfo
	dir  *os.File // where directories can be locked: so is this one
}

// Lock locks a data directory. Its file calf.lock says who holds it.
//
// Somebody may remove that file. Where the system can lock directories, that
// does not let a second one in, since the directory is locked too.
func Lock(dir string) (_ *fileLock, err error) {
	path := filepath.Join(dir, LockName)
	l := &fileLock{}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	for l.f == nil {
		if l.f, err = lockFile(path); err != nil {
			return nil, err
		}
		if l.info, err = l.f.Stat(); err != nil {
			return nil, err
		}
		if !filelock.Names(path, l.f) { // it was removed meanwhile
			l.f.Close()
			l.f = nil
		}
	}
	if l.dir, err = lockDir(dir); err != nil {
		if errors.Is(err, filelock.ErrHeld) {
			err = fmt.Errorf("%w by a process whose %s was removed", ErrLocked, LockName)
		}
		return nil, err
	}
	held.Lock()
	defer held.Unlock()
	if err := errors.Join(l.f.Truncate(0), writeAt(l.f, describeSelf())); err != nil {
		return nil, err
	}
	held.locks = append(held.locks, l)
	return l, nil
}

// lockFile opens a file, which it makes if it does not exist, and locks it.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = filelock.Try(f)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, filelock.ErrHeld):
		err = fmt.Errorf("%w by %s", ErrLocked, holder(f))
	default:
		err = fmt.Errorf("locking the data directory: %w", err)
	}
	return nil, errors.Join(err, f.Close())
}

// held are the locks of this process.
var held struct {
	sync.Mutex
	locks []*fileLock
}

// holder tells who holds the lock on a file.
func holder(f *os.File) string {
	held.Lock()
	defer held.Unlock()
	info, err := f.Stat()
	for _, l := range held.locks {
		if err == nil && os.SameFile(info, l.info) {
			return "another DB of this process, which has not been closed"
		}
	}
	text, _ := io.ReadAll(io.LimitReader(f, 500))
	if who := strings.TrimSpace(string(text)); who != "" {
		return who
	}
	return "a process that has just locked it"
}

// describeSelf is what others are told about this process.
func describeSelf() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("process %d (%s) on %s since %s\n",
		os.Getpid(), filepath.Base(os.Args[0]), host, time.Now().UTC().Format(time.RFC3339))
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// Close releases the lock. The file stays, and is empty.
func (l *fileLock) Close() error {
	held.Lock()
	i := slices.Index(held.locks, l)
	if i >= 0 {
		held.locks = slices.Delete(held.locks, i, i+1)
	}
	held.Unlock()
	var errs []error
	if l.f != nil {
		if i >= 0 {
			errs = append(errs, l.f.Truncate(0))
		}
		errs = append(errs, filelock.Unlock(l.f))
	}
	if l.dir != nil {
		errs = append(errs, filelock.Unlock(l.dir))
	}
	return errors.Join(errs...)
}
