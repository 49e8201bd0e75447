package vfs

import (
	"errors"
	"io/fs"
)

// Walk calls f for everything in the directory at of v, sorted by name, each
// directory before what is in it; at itself is left out. Links are not
// followed. If f returns [fs.SkipDir] for a directory, its content is left
// out; any other error ends the walk and is returned.
//
// What disappears while the walk goes on is left out.
func Walk(v Volume, at string, f func(name string, st Stat) error) error {
	list, err := readDir(v, at)
	if err != nil {
		return err
	}
	return walk(v, at, list, f)
}

func walk(v Volume, dir string, list []DirEntry, f func(name string, st Stat) error) error {
	for _, e := range list {
		name := e.Name
		if dir != "." {
			name = dir + "/" + name
		}
		st, err := v.Lstat(name)
		if ErrnoOf(err) == ENOENT {
			continue
		}
		if err == nil {
			err = f(name, st)
		}
		if errors.Is(err, fs.SkipDir) && st.IsDir() {
			continue
		}
		if err != nil {
			return err
		}
		if !st.IsDir() {
			continue
		}
		kids, err := readDir(v, name)
		if ErrnoOf(err) == ENOENT {
			continue
		}
		if err != nil {
			return err
		}
		if err := walk(v, name, kids, f); err != nil {
			return err
		}
	}
	return nil
}

func readDir(v Volume, name string) ([]DirEntry, error) {
	h, err := v.Open(name, O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	return h.ReadDir()
}
