//go:build !windows && (!unix || solaris || illumos || aix)

package filelock

import (
	"errors"
	"os"
)

// Try fails: there are no locks here.
func Try(*os.File) error { return errors.ErrUnsupported }

func unlock(*os.File) error { return nil }

// Remove removes a file and closes it.
func Remove(f *os.File) error { return errors.Join(f.Close(), os.Remove(f.Name())) }
