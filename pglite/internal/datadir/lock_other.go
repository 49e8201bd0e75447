//go:build !unix

package datadir

import "os"

// lockDir does nothing. Windows does not remove a file that is open, so the lock
// on the file is enough; other systems have no locks.
func lockDir(string) (*os.File, error) { return nil, nil }
