package pglite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// upgradeName is a file in the new directory of an upgrade. It says whether that
// is complete; as long as it is there, the directories may have to change
// places yet.
const upgradeName = "calf.upgrade"

// What the file begins with.
const (
	markIncomplete = "incomplete"
	markComplete   = "complete"
)

// setMark writes the mark of a directory, all or nothing.
func setMark(dir, state string) error {
	name := filepath.Join(dir, upgradeName)
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s: calf made this directory to take the place of one of an earlier version.\n", state)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(name+".new", name), syncDir(dir))
}

// hasMark reports whether the mark of a directory says that.
func hasMark(dir, state string) bool {
	b, err := os.ReadFile(filepath.Join(dir, upgradeName))
	return err == nil && strings.HasPrefix(string(b), state+":")
}

// removeMark ends an upgrade.
func removeMark(dir string) error {
	return errors.Join(os.Remove(filepath.Join(dir, upgradeName)), syncDir(dir))
}

// ExchangeDirs exchanges two directories in one step; errors.ErrUnsupported says
// that this cannot be done here. Tests replace it.
var ExchangeDirs = swapDirs

// upgradePaths are the directories of an upgrade.
type upgradePaths struct {
	// dir is the data directory, work is where the new one is made, beside it,
	// and backup is where the old one will be.
	dir, work, backup string
}

func newUpgradePaths(dir, major string) upgradePaths {
	return upgradePaths{dir: dir, work: dir + ".pg" + pgVersion + ".new", backup: dir + ".pg" + major + ".bak"}
}

// check makes sure that the names of the directories are free. What an upgrade
// left behind that was interrupted, it removes.
func (p upgradePaths) check() error {
	if exists(p.backup) {
		return fmt.Errorf("%s exists, where the old directory would be kept: move it away", p.backup)
	}
	switch {
	case !exists(p.work):
		return nil
	case hasMark(p.work, markIncomplete), hasMark(p.work, markComplete), isBlank(p.work): // and the old directory is where it was
		return p.discard()
	}
	return fmt.Errorf("%s exists, where the new directory would be made: move it away", p.work)
}

// isBlank reports whether a directory has nothing in it, not even a mark.
func isBlank(dir string) bool {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != upgradeName+".new" {
			return false
		}
	}
	return err == nil
}

// discard removes the new directory, and its mark last: what is left of it, if
// that is interrupted, is discarded by the next upgrade.
func (p upgradePaths) discard() error {
	entries, err := os.ReadDir(p.work)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == upgradeName {
			continue
		}
		if err := os.RemoveAll(filepath.Join(p.work, e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(p.work)
}

// make makes the new directory, with its mark and nothing else. need is how many
// bytes it will have.
func (p upgradePaths) make(need uint64) error {
	if err := os.Mkdir(p.work, 0o700); err != nil {
		return err
	}
	err := setMark(p.work, markIncomplete)
	if err == nil {
		err = sameDevice(p.dir, p.work)
	}
	if free, known := freeSpace(p.work); err == nil && known && free < need {
		err = fmt.Errorf("there are %d MB of free space, and the upgrade may need %d MB", free>>20, need>>20)
	}
	if err == nil {
		err = syncDir(filepath.Dir(p.work))
	}
	if err != nil {
		err = errors.Join(err, p.discard())
	}
	return err
}

// exchange puts the new directory in the place of the old one, and keeps that.
// Where the system can exchange two directories in one step, there is one in
// this place at any time. Whatever interrupts it, resumeUpgrade completes it.
func (p upgradePaths) exchange(old *directory, progress func(string)) error {
	lock, err := lockDirectory(p.work)
	if err != nil {
		return err
	}
	made := &directory{path: p.work, lock: lock}
	defer made.Close()
	if err := setMark(p.work, markComplete); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // no directory is renamed that has an open file
		if err := errors.Join(made.Close(), old.Close()); err != nil {
			return err
		}
	}
	parent := filepath.Dir(p.dir)
	progress("putting the new directory in place")
	err = ExchangeDirs(p.dir, p.work)
	exchanged := err == nil
	if errors.Is(err, errors.ErrUnsupported) {
		err = os.Rename(p.dir, p.backup)
	}
	if err = errors.Join(err, syncDir(parent)); err != nil {
		return err
	}
	progress("the old directory is kept as " + p.backup)
	old.path = p.backup
	if exchanged {
		err = os.Rename(p.work, p.backup)
	} else if err = os.Rename(p.work, p.dir); err != nil {
		old.path = p.dir
		err = errors.Join(err, os.Rename(p.backup, p.dir))
	}
	if err = errors.Join(err, syncDir(parent)); err != nil {
		return err
	}
	progress("done")
	return removeMark(p.dir)
}

// resumeMissing completes an upgrade that was interrupted when the old directory
// was away, and the new one not yet in its place.
func resumeMissing(dir string) error {
	if target, err := os.Readlink(dir); err == nil { // of a link to it
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(dir), target)
		}
		dir = target
	}
	work := newUpgradePaths(dir, "").work
	if exists(dir) || !hasMark(work, markComplete) {
		return nil
	}
	l, err := lockDirectory(work)
	if err != nil {
		return err
	}
	made := &directory{path: work, lock: l}
	defer made.Close()
	if runtime.GOOS == "windows" {
		made.Close()
	}
	if err := errors.Join(os.Rename(work, dir), syncDir(filepath.Dir(dir))); err != nil {
		return fmt.Errorf("completing an upgrade: %w", err)
	}
	return nil
}

// resumeUpgrade completes an upgrade that was interrupted when the new directory
// was in its place. The caller has the lock of the directory.
func resumeUpgrade(dir string) error {
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
	work := newUpgradePaths(dir, "").work
	version, err := os.ReadFile(filepath.Join(work, versionName))
	major := strings.TrimSpace(string(version))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case major == pgVersion: // it is not what was exchanged
		return nil
	}
	backup := newUpgradePaths(dir, major).backup
	if exists(backup) {
		return fmt.Errorf("%s is the old directory, and would be kept as %s, which exists", work, backup)
	}
	return errors.Join(os.Rename(work, backup), syncDir(filepath.Dir(dir)))
}
