//go:build !linux && !darwin

package pglite

import "errors"

// swapDirs exchanges two directories in one step.
func swapDirs(string, string) error { return errors.ErrUnsupported }
