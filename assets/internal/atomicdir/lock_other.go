//go:build !windows && (!unix || solaris || illumos || aix)

package atomicdir

import (
	"errors"
	"os"
)

func tryLock(*os.File) error { return errors.ErrUnsupported }

func (l *fileLock) remove() error {
	err := l.close()
	if removeErr := os.Remove(l.file.Name()); err == nil {
		err = removeErr
	}
	return err
}
