package vfs

import "strings"

// place is what a path leads to: a name in a volume. A Volume may still find
// that a symbolic link is in the way.
type place struct {
	vol  Volume
	dev  uint64
	name string // in vol
	path string // absolute, without ".", ".." and empty elements
	// slash says that the path ended in "/" or "/.", so that it can only mean
	// a directory.
	slash bool
	// dots is the last element as written if that was "." or "..".
	dots string
}

// lstat describes what is there.
func (p place) lstat() (Stat, error) {
	s, err := p.vol.Lstat(p.name)
	s.Dev = p.dev
	return s, err
}

// steps is a path that was taken apart.
type steps struct {
	base  string   // absolute directory where it starts
	elems []string // without "." and empty ones
	up    bool     // some element is ".."
	slash bool
	dots  string
}

// parse takes path apart, which is relative to dir.
func (fs *FS) parse(dir *File, path string) (steps, error) {
	s := steps{base: "/"}
	switch {
	case path == "":
		return s, ENOENT
	case len(path) >= PathMax:
		return s, ENAMETOOLONG
	case path[0] != '/' && dir != nil:
		var err error
		if s.base, err = dir.directory(); err != nil {
			return s, err
		}
	}
	for more := true; more; {
		var elem string
		elem, path, more = strings.Cut(path, "/")
		s.slash = elem == "" || elem == "."
		switch elem {
		case "":
			continue
		case ".":
			s.dots = "."
			continue
		}
		s.dots = ""
		if elem == ".." {
			s.up, s.dots = true, ".."
		}
		if len(elem) > NameMax {
			return s, ENAMETOOLONG
		}
		s.elems = append(s.elems, elem)
	}
	s.slash = s.slash || s.dots != ""
	return s, nil
}

// at runs op on the place that path leads to. If op finds a link in its way,
// which it says with ELOOP, the links are resolved and it runs once more.
// follow says whether a link at the end of path is resolved too.
func (fs *FS) at(dir *File, path string, follow bool, op func(place) error) error {
	s, err := fs.parse(dir, path)
	if err != nil {
		return err
	}
	if !s.up {
		if err := op(fs.placeOf(s, join(s.base, s.elems...))); ErrnoOf(err) != ELOOP {
			return err
		}
	}
	resolved, err := fs.resolve(s, follow)
	if err != nil {
		return err
	}
	return op(fs.placeOf(s, resolved))
}

func (fs *FS) placeOf(s steps, path string) place {
	p := fs.place(path)
	p.slash, p.dots = s.slash, s.dots
	return p
}

// maxLinks is how many links a path may lead through, as in Linux.
const maxLinks = 40

// resolve walks s element by element and returns the absolute path, free of
// links, that it leads to. The last element need not exist.
func (fs *FS) resolve(s steps, follow bool) (string, error) {
	at, rest, links := s.base, s.elems, 0
	for len(rest) > 0 {
		elem, last := rest[0], len(rest) == 1
		rest = rest[1:]
		if elem == ".." {
			at = parent(at)
			continue
		}
		next := join(at, elem)
		p := fs.place(next)
		st, err := p.lstat()
		switch {
		case ErrnoOf(err) == ENOENT && last:
			return next, nil
		case err != nil:
			return "", err
		case st.IsLink() && (follow || !last):
			if links++; links > maxLinks {
				return "", ELOOP
			}
			target, err := p.vol.Readlink(p.name)
			if err != nil {
				return "", err
			}
			t, err := fs.parse(nil, target)
			if err != nil {
				return "", err
			}
			if target[0] == '/' {
				at = "/"
			}
			rest = append(t.elems, rest...)
			continue
		case !st.IsDir() && !last:
			return "", ENOTDIR
		}
		at = next
	}
	return at, nil
}

// join appends elements to an absolute path.
func join(dir string, elems ...string) string {
	if len(elems) == 0 {
		return dir
	}
	if dir == "/" {
		dir = ""
	}
	return dir + "/" + strings.Join(elems, "/")
}

// parent returns the directory that an absolute path is in.
func parent(path string) string {
	return path[:max(1, strings.LastIndexByte(path, '/'))]
}
