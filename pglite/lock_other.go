//go:build !unix && !windows

package pglite

import (
	"errors"
	"os"
)

func tryLock(*os.File) error { return errors.ErrUnsupported }
