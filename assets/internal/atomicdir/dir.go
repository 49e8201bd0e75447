// Package atomicdir replaces a folder as a whole: whoever looks sees the old tree or the new one, and a process killed
// at any point leaves nothing that the next one does not clear away.
//
// The new tree is built in a work folder beside the target, which a lock marks as in use for as long as its process
// lives:
//
//	parent/target                the tree in use
//	parent/.target.tmp-X         the work folder
//	parent/.target.tmp-X/new     the tree being built
//	parent/.target.tmp-X/old     the tree being replaced, on systems that cannot exchange two folders
//	parent/.target.tmp-X.lock
package atomicdir

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/internal/filelock"
)

// Dir is one replacement in progress. It is not safe for concurrent use; any number of processes and goroutines can
// each have their own for the same target, and the last to commit wins.
type Dir struct {
	target, work string
	lock         *os.File
	// exchange swaps two folders in one step.
	exchange func(a, b string) error
}

// Begin clears away what killed processes left beside target, and makes a new work folder there. The caller calls
// Close in any case.
func Begin(target string) (*Dir, error) {
	target, err := resolve(target)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return nil, err
	}
	sweep(target)
	for {
		work := workPrefix(target) + rand.Text()[:12]
		lock, err := createLock(work + lockEnding)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		d := &Dir{target: target, work: work, lock: lock, exchange: exchange}
		for _, dir := range []string{work, d.New(), d.Scratch()} {
			if err := os.Mkdir(dir, 0o755); err != nil {
				return nil, withCleanup(err, d.Close())
			}
		}
		return d, nil
	}
}

// New is the folder to build the new tree in.
func (d *Dir) New() string { return filepath.Join(d.work, "new") }

// Scratch is a folder for files that are needed until Close.
func (d *Dir) Scratch() string { return filepath.Join(d.work, "scratch") }

func (d *Dir) old() string { return oldIn(d.work) }

// Commit makes the new tree durable and puts it in the place of the target.
func (d *Dir) Commit() error {
	if err := syncTree(d.New()); err != nil {
		return err
	}
	if err := d.swap(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(d.target))
}

// swap tries again when another process puts its own tree there between two steps.
func (d *Dir) swap() (err error) {
	for range 10 {
		if _, err = os.Lstat(d.target); errors.Is(err, fs.ErrNotExist) {
			if err = os.Rename(d.New(), d.target); err == nil {
				return nil
			}
			continue
		}
		if err = d.exchange(d.New(), d.target); !errors.Is(err, errors.ErrUnsupported) {
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return err
		}
		if err = os.RemoveAll(d.old()); err != nil {
			return err
		}
		if err = os.Rename(d.target, d.old()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// Close removes the work folder, and with it the tree that was replaced.
func (d *Dir) Close() error {
	restore(d.target, d.work)
	err := os.RemoveAll(d.work)
	if unlockErr := filelock.Remove(d.lock); err == nil {
		err = unlockErr
	}
	return err
}

// resolve follows symbolic links, so that the folder that a link names is replaced and not the link.
func resolve(target string) (string, error) {
	target, err := filepath.Abs(target)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(target)
	switch {
	case err == nil:
		target = real
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if filepath.Dir(target) == target {
		return "", fmt.Errorf("%s cannot be replaced", target)
	}
	return target, nil
}

// withCleanup adds what went wrong afterwards to an error, on the same line.
func withCleanup(err, cleanup error) error {
	if cleanup == nil {
		return err
	}
	return fmt.Errorf("%w (and cleaning up: %w)", err, cleanup)
}
