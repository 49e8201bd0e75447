package vfs

import "time"

// StatAt describes a file, as fstatat(2). Flags may have AT_SYMLINK_NOFOLLOW,
// and AT_EMPTY_PATH, with which an empty path means dir itself.
func (fs *FS) StatAt(dir *File, path string, flags int) (st Stat, err error) {
	if path == "" && flags&AT_EMPTY_PATH != 0 && dir != nil {
		return dir.Stat()
	}
	follow := flags&AT_SYMLINK_NOFOLLOW == 0 || slashAtEnd(path)
	err = fs.at(dir, path, follow, func(p place) (err error) {
		st, err = p.stat(follow)
		return err
	})
	return st, err
}

// stat describes p, which must not be a link if it is to be followed.
func (p place) stat(follow bool) (Stat, error) {
	st, err := p.lstat()
	switch {
	case err != nil:
		return Stat{}, err
	case follow && st.IsLink():
		return Stat{}, ELOOP
	case p.slash && !st.IsDir():
		return Stat{}, ENOTDIR
	}
	return st, nil
}

// FaccessAt tells whether a file exists and, if mode has X_OK, whether it can
// be executed: as for Linux' root, that a regular file has any x bit. Reading
// and writing are always allowed. Flags are those of [FS.StatAt].
func (fs *FS) FaccessAt(dir *File, path string, mode uint32, flags int) error {
	st, err := fs.StatAt(dir, path, flags)
	if err == nil && mode&X_OK != 0 && st.IsRegular() && st.Mode&0o111 == 0 {
		err = EACCES
	}
	return err
}

// ChmodAt sets the permission bits, as fchmodat(2). Flags are those of
// [FS.StatAt]; a symbolic link itself has no permissions to change.
func (fs *FS) ChmodAt(dir *File, path string, mode uint32, flags int) error {
	return fs.setAttrAt(dir, path, Attr{Mode: &mode}, flags)
}

// ChownAt sets the owner and the group, as fchownat(2). 0xffffffff leaves one
// as it is. Flags are those of [FS.StatAt].
func (fs *FS) ChownAt(dir *File, path string, uid, gid uint32, flags int) error {
	return fs.setAttrAt(dir, path, Owner(uid, gid), flags)
}

// Owner returns the Attr that the arguments of chown(2) mean.
func Owner(uid, gid uint32) (a Attr) {
	const keep = ^uint32(0)
	if uid != keep {
		a.Uid = &uid
	}
	if gid != keep {
		a.Gid = &gid
	}
	return a
}

// UtimesAt sets the times of access and of modification, as utimensat(2); nil
// leaves one as it is. Flags are those of [FS.StatAt].
func (fs *FS) UtimesAt(dir *File, path string, atime, mtime *time.Time, flags int) error {
	return fs.setAttrAt(dir, path, Attr{Atime: atime, Mtime: mtime}, flags)
}

func (fs *FS) setAttrAt(dir *File, path string, a Attr, flags int) error {
	if path == "" && flags&AT_EMPTY_PATH != 0 && dir != nil {
		return dir.SetAttr(a)
	}
	follow := flags&AT_SYMLINK_NOFOLLOW == 0 || slashAtEnd(path)
	return fs.at(dir, path, follow, func(p place) error {
		st, err := p.stat(follow)
		switch {
		case err != nil:
			return err
		case st.IsLink():
			return ENOTSUP
		}
		return p.vol.SetAttr(p.name, a)
	})
}

// Statfs describes the space of the volume that path is in, as statfs(2).
func (fs *FS) Statfs(dir *File, path string) (s Statfs, err error) {
	err = fs.at(dir, path, true, func(p place) (err error) {
		if _, err := p.stat(true); err != nil {
			return err
		}
		s, err = p.vol.Statfs()
		return err
	})
	return s, err
}
