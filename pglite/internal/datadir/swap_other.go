//go:build !linux && !darwin

package datadir

import "errors"

// swap exchanges two directories in one step.
func swap(string, string) error { return errors.ErrUnsupported }
