package vfs

// OpenAt opens the file that path names, as openat(2). The caller has already
// taken its umask from mode, which counts when O_CREAT makes the file. The
// File has one reference, which the caller gives up by Close or hands to
// [Table.Open].
func (fs *FS) OpenAt(dir *File, path string, flags int, mode uint32) (*File, error) {
	if flags&O_ACCMODE == O_ACCMODE || flags&(O_CREAT|O_DIRECTORY) == O_CREAT|O_DIRECTORY {
		return nil, EINVAL
	}
	follow := flags&O_NOFOLLOW == 0 && flags&(O_CREAT|O_EXCL) != O_CREAT|O_EXCL
	var f *File
	err := fs.at(dir, path, follow, func(p place) (err error) {
		f, err = fs.open(p, flags, mode)
		return err
	})
	return f, err
}

func (fs *FS) open(p place, flags int, mode uint32) (*File, error) {
	if p.slash && flags&O_CREAT != 0 {
		return nil, EISDIR
	}
	access := flags & (O_ACCMODE | O_CREAT | O_EXCL)
	if flags&O_TRUNC != 0 && !writes(access) {
		access |= O_RDWR
	}
	h, err := p.vol.Open(p.name, access, mode)
	if err != nil {
		return nil, err
	}
	f, err := fs.file(h, p, flags)
	if err != nil {
		h.Close()
		return nil, err
	}
	return f, nil
}

// file makes a File of h, unless flags demand something else than h is.
func (fs *FS) file(h Handle, p place, flags int) (*File, error) {
	st, err := h.Stat()
	if err != nil {
		return nil, err
	}
	f := newFile(h, flags, st.Mode&S_IFMT)
	f.fs, f.dev, f.path = fs, p.dev, p.path
	switch f.kind {
	case S_IFDIR:
		fs.mu.Lock()
		fs.dirs[f] = struct{}{}
		fs.mu.Unlock()
		return f, nil
	case S_IFCHR:
		if f.h, err = fs.devices.open(h, st.Rdev); err != nil {
			return nil, err
		}
	case S_IFREG:
		if flags&O_TRUNC != 0 {
			if err := h.Truncate(0); err != nil {
				return nil, err
			}
		}
	}
	if p.slash || flags&O_DIRECTORY != 0 {
		return nil, ENOTDIR
	}
	return f, nil
}

// Truncate sets the size in bytes of the file that path names, as truncate(2).
func (fs *FS) Truncate(dir *File, path string, size int64) error {
	if size < 0 {
		return EINVAL
	}
	f, err := fs.OpenAt(dir, path, O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Truncate(size)
}
