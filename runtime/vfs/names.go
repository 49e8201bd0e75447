package vfs

import "strings"

// MkdirAt makes a directory, as mkdirat(2). The caller has already taken its
// umask from mode.
func (fs *FS) MkdirAt(dir *File, path string, mode uint32) error {
	return fs.at(dir, path, false, func(p place) error {
		return p.vol.Mkdir(p.name, mode)
	})
}

// UnlinkAt removes a name, as unlinkat(2): of a directory with AT_REMOVEDIR in
// flags, else of something else. A file that is still open lives on until its
// last descriptor is closed.
func (fs *FS) UnlinkAt(dir *File, path string, flags int) error {
	return fs.at(dir, path, false, func(p place) error {
		if flags&AT_REMOVEDIR != 0 {
			return fs.rmdir(p)
		}
		if p.slash {
			if err := p.requireDir(); err != nil {
				return err
			}
			return EISDIR
		}
		return p.vol.Unlink(p.name)
	})
}

func (fs *FS) rmdir(p place) error {
	switch p.dots {
	case ".":
		return EINVAL
	case "..":
		return ENOTEMPTY
	}
	if err := p.vol.Rmdir(p.name); err != nil {
		return err
	}
	fs.dirRemoved(p.path)
	return nil
}

// RenameAt moves a file or directory, as renameat(2). It fails with EBUSY for
// a mount point and what leads to it, and with EXDEV across one.
func (fs *FS) RenameAt(oldDir *File, oldPath string, newDir *File, newPath string) error {
	return fs.at(oldDir, oldPath, false, func(from place) error {
		return fs.at(newDir, newPath, false, func(to place) error {
			return fs.rename(from, to)
		})
	})
}

func (fs *FS) rename(from, to place) error {
	m := fs.mounted.Load()
	switch {
	case from.vol != to.vol:
		return EXDEV
	case from.dots != "" || to.dots != "":
		return EBUSY
	case m != nil && (within(m.path, from.path) || within(m.path, to.path)):
		return EBUSY
	case from.slash || to.slash:
		if err := from.requireDir(); err != nil {
			return err
		}
	}
	if err := from.vol.Rename(from.name, to.name); err != nil {
		return err
	}
	fs.dirRenamed(from.path, to.path)
	return nil
}

// LinkAt gives a file a second name, as linkat(2). With AT_SYMLINK_FOLLOW in
// flags a link at the end of oldPath is followed.
func (fs *FS) LinkAt(oldDir *File, oldPath string, newDir *File, newPath string, flags int) error {
	follow := flags&AT_SYMLINK_FOLLOW != 0
	return fs.at(oldDir, oldPath, follow, func(from place) error {
		if from.slash || follow {
			st, err := from.lstat()
			switch {
			case err != nil:
				return err
			case follow && st.IsLink():
				return ELOOP
			case from.slash && !st.IsDir():
				return ENOTDIR
			}
		}
		return fs.at(newDir, newPath, false, func(to place) error {
			if err := to.requireNoSlash(); err != nil {
				return err
			}
			if from.vol != to.vol {
				return EXDEV
			}
			return to.vol.Link(from.name, to.name)
		})
	})
}

// SymlinkAt makes path a symbolic link to target, as symlinkat(2). A [Host]
// refuses most targets with EPERM.
func (fs *FS) SymlinkAt(target string, dir *File, path string) error {
	switch {
	case target == "":
		return ENOENT
	case len(target) >= PathMax:
		return ENAMETOOLONG
	}
	return fs.at(dir, path, false, func(p place) error {
		if err := p.requireNoSlash(); err != nil {
			return err
		}
		return p.vol.Symlink(target, p.name)
	})
}

// ReadlinkAt returns where a symbolic link points, as readlinkat(2).
func (fs *FS) ReadlinkAt(dir *File, path string) (target string, err error) {
	err = fs.at(dir, path, slashAtEnd(path), func(p place) (err error) {
		if p.slash {
			if _, err := p.stat(true); err != nil {
				return err
			}
			return EINVAL
		}
		target, err = p.vol.Readlink(p.name)
		return err
	})
	return target, err
}

// requireDir fails unless p is a directory.
func (p place) requireDir() error {
	st, err := p.lstat()
	if err == nil && !st.IsDir() {
		err = ENOTDIR
	}
	return err
}

// requireNoSlash fails if p, where a file shall be made, was written as only a
// directory may be.
func (p place) requireNoSlash() error {
	if !p.slash {
		return nil
	}
	if _, err := p.lstat(); err != nil {
		return err
	}
	return EEXIST
}

// slashAtEnd tells whether path ends so that a link there is always followed.
func slashAtEnd(path string) bool {
	return strings.HasSuffix(path, "/") || strings.HasSuffix(path, "/.")
}

// dirRemoved tells open directories that theirs is gone.
func (fs *FS) dirRemoved(path string) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for f := range fs.dirs {
		if f.path == path {
			f.gone = true
		}
	}
}

// dirRenamed tells open directories that theirs, or one above, has moved.
func (fs *FS) dirRenamed(from, to string) {
	if from == to {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for f := range fs.dirs {
		switch {
		case f.gone:
		case f.path == to: // it was empty, and was replaced
			f.gone = true
		case within(f.path, from):
			f.path = to + f.path[len(from):]
		}
	}
}
