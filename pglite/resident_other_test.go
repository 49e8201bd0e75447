//go:build !linux && !windows

package pglite_test

import "errors"

func residentSize() (uint64, error) { return 0, errors.ErrUnsupported }
