// Package filelock locks files, so that one has them at a time: processes, and parts of the same process. The system
// drops a lock when its process ends, in whatever way.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// ErrHeld says that another has the lock.
var ErrHeld = errors.New("locked by another")

// Names tells whether a path still names an open file. Between opening and locking, another may have removed it.
func Names(path string, f *os.File) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(there, here)
}

// Open opens a file, which it makes if need be, and locks it. The error is ErrHeld if another has it. Unlock or Remove
// gives it back.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := Try(f); err != nil {
		f.Close()
		if !errors.Is(err, ErrHeld) {
			err = fmt.Errorf("locking %s: %w", path, err)
		}
		return nil, err
	}
	if !Names(path, f) {
		f.Close()
		return nil, ErrHeld
	}
	return f, nil
}

// pollEvery is how often a lock that another has is tried again: systems cannot wait for one and for a context.
const pollEvery = 20 * time.Millisecond

// Wait is Open that waits while another has the lock. When ctx ends, the error is its cause.
func Wait(ctx context.Context, path string) (*os.File, error) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		f, err := Open(path)
		if !errors.Is(err, ErrHeld) {
			return f, err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Unlock drops the lock on a file and closes it. Closing alone is not enough: a program that is just being started may
// have a copy of the descriptor, and would keep the lock for as long.
func Unlock(f *os.File) error { return errors.Join(unlock(f), f.Close()) }
