//go:build !unix && !windows

package pglite

import (
	"errors"
	"os"
)

func tryLock(*os.File) error { return errors.ErrUnsupported }

func unlock(*os.File) error { return nil }

func lockDir(string) (*os.File, error) { return nil, nil }
