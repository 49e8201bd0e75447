package pglite

import "io"

// LockDirectory does of Open what excludes others.
func LockDirectory(dir string) (io.Closer, error) {
	l, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	return l, nil
}
