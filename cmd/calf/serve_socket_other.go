//go:build !unix

package main

import (
	"net"
	"os"
)

// tryLock locks nothing: whether somebody listens has to be enough.
func tryLock(*os.File) error { return nil }

// listenPrivately listens on a socket, for whom the folder lets use it.
func listenPrivately(path string) (net.Listener, error) { return net.Listen("unix", path) }
