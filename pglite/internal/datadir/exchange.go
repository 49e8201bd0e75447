package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ExchangeName is a file in the new directory of an upgrade. It says whether that
// is complete; as long as it is there, the directories may have to change
// places yet.
const ExchangeName = "calf.upgrade"

// What the file begins with.
const (
	markIncomplete = "incomplete"
	markComplete   = "complete"
)

// setMark writes the mark of a directory, all or nothing.
func setMark(dir, state string) error {
	name := filepath.Join(dir, ExchangeName)
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s: calf made this directory to take the place of one of an earlier version.\n", state)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(name+".new", name), SyncDir(dir))
}

// hasMark reports whether the mark of a directory says that.
func hasMark(dir, state string) bool {
	b, err := os.ReadFile(filepath.Join(dir, ExchangeName))
	return err == nil && strings.HasPrefix(string(b), state+":")
}

// removeMark ends an upgrade.
func removeMark(dir string) error {
	return errors.Join(os.Remove(filepath.Join(dir, ExchangeName)), SyncDir(dir))
}

// Swap exchanges two directories in one step; errors.ErrUnsupported says
// that this cannot be done here. Tests replace it.
var Swap = swap

// Exchange are the directories of an upgrade.
type Exchange struct {
	// dir is the data directory, work is where the new one is made, beside it,
	// and backup is where the old one will be.
	Dir, Work, Backup string
}

func NewExchange(dir, major string) Exchange {
	return Exchange{Dir: dir, Work: dir + ".pg" + Version + ".new", Backup: dir + ".pg" + major + ".bak"}
}

// check makes sure that the names of the directories are free. What an upgrade
// left behind that was interrupted, it removes.
func (p Exchange) Check() error {
	if Exists(p.Backup) {
		return fmt.Errorf("%s exists, where the old directory would be kept: move it away", p.Backup)
	}
	switch {
	case !Exists(p.Work):
		return nil
	case hasMark(p.Work, markIncomplete), hasMark(p.Work, markComplete), isBlank(p.Work): // and the old directory is where it was
		return p.Discard()
	}
	return fmt.Errorf("%s exists, where the new directory would be made: move it away", p.Work)
}

// isBlank reports whether a directory has nothing in it, not even a mark.
func isBlank(dir string) bool {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != ExchangeName+".new" {
			return false
		}
	}
	return err == nil
}

// discard removes the new directory, and its mark last: what is left of it, if
// that is interrupted, is discarded by the next upgrade.
func (p Exchange) Discard() error {
	entries, err := os.ReadDir(p.Work)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == ExchangeName {
			continue
		}
		if err := os.RemoveAll(filepath.Join(p.Work, e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(p.Work)
}

// make makes the new directory, with its mark and nothing else. need is how many
// bytes it will have.
func (p Exchange) Make(need uint64) error {
	if err := os.Mkdir(p.Work, 0o700); err != nil {
		return err
	}
	err := setMark(p.Work, markIncomplete)
	if err == nil {
		err = sameDevice(p.Dir, p.Work)
	}
	if free, known := freeSpace(p.Work); err == nil && known && free < need {
		err = fmt.Errorf("there are %d MB of free space, and the upgrade may need %d MB", free>>20, need>>20)
	}
	if err == nil {
		err = SyncDir(filepath.Dir(p.Work))
	}
	if err != nil {
		err = errors.Join(err, p.Discard())
	}
	return err
}

// exchange puts the new directory in the place of the old one, and keeps that.
// Where the system can exchange two directories in one step, there is one in
// this place at any time. Whatever interrupts it, Resume completes it.
func (p Exchange) Do(old *Dir, progress func(string)) error {
	lock, err := Lock(p.Work)
	if err != nil {
		return err
	}
	made := &Dir{Path: p.Work, lock: lock}
	defer made.Close()
	if err := setMark(p.Work, markComplete); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // no directory is renamed that has an open file
		if err := errors.Join(made.Close(), old.Close()); err != nil {
			return err
		}
	}
	parent := filepath.Dir(p.Dir)
	progress("putting the new directory in place")
	err = Swap(p.Dir, p.Work)
	exchanged := err == nil
	if errors.Is(err, errors.ErrUnsupported) {
		err = os.Rename(p.Dir, p.Backup)
	}
	if err = errors.Join(err, SyncDir(parent)); err != nil {
		return err
	}
	progress("the old directory is kept as " + p.Backup)
	old.Path = p.Backup
	if exchanged {
		err = os.Rename(p.Work, p.Backup)
	} else if err = os.Rename(p.Work, p.Dir); err != nil {
		old.Path = p.Dir
		err = errors.Join(err, os.Rename(p.Backup, p.Dir))
	}
	if err = errors.Join(err, SyncDir(parent)); err != nil {
		return err
	}
	progress("done")
	return removeMark(p.Dir)
}

// ResumeMissing completes an upgrade that was interrupted when the old directory
// was away, and the new one not yet in its place.
func ResumeMissing(dir string) error {
	if target, err := os.Readlink(dir); err == nil { // of a link to it
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(dir), target)
		}
		dir = target
	}
	work := NewExchange(dir, "").Work
	if Exists(dir) || !hasMark(work, markComplete) {
		return nil
	}
	l, err := Lock(work)
	if err != nil {
		return err
	}
	made := &Dir{Path: work, lock: l}
	defer made.Close()
	if runtime.GOOS == "windows" {
		made.Close()
	}
	if err := errors.Join(os.Rename(work, dir), SyncDir(filepath.Dir(dir))); err != nil {
		return fmt.Errorf("completing an upgrade: %w", err)
	}
	return nil
}

// Resume completes an upgrade that was interrupted when the new directory
// was in its place. The caller has the lock of the directory.
func Resume(dir string) error {
	if !hasMark(dir, markComplete) {
		return nil
	}
	err := keepOld(dir)
	if err == nil {
		err = removeMark(dir)
	}
	if err != nil {
		return fmt.Errorf("completing an upgrade: %w", err)
	}
	return nil
}

// keepOld gives the old directory its name, if it does not have it.
func keepOld(dir string) error {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	work := NewExchange(dir, "").Work
	version, err := os.ReadFile(filepath.Join(work, VersionName))
	major := strings.TrimSpace(string(version))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case major == Version: // it is not what was exchanged
		return nil
	}
	backup := NewExchange(dir, major).Backup
	if Exists(backup) {
		return fmt.Errorf("%s is the old directory, and would be kept as %s, which exists", work, backup)
	}
	return errors.Join(os.Rename(work, backup), SyncDir(filepath.Dir(dir)))
}
