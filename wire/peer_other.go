//go:build !linux && !darwin

package wire

import "errors"

// peerUID is not known here.
func peerUID(uintptr) (string, error) { return "", errors.ErrUnsupported }
