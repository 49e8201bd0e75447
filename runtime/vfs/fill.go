package vfs

import "strings"

// MkdirAll makes the directory path, which is absolute, and what is missing
// above it. An existing directory is left as it is.
func (fs *FS) MkdirAll(path string, mode uint32) error {
	if !strings.HasPrefix(path, "/") {
		return EINVAL
	}
	err := fs.MkdirAt(nil, path, mode)
	switch ErrnoOf(err) {
	case ENOENT:
		if up := parent(path); up != path {
			if err := fs.MkdirAll(up, mode); err != nil {
				return err
			}
			return fs.MkdirAll(path, mode)
		}
	case EEXIST:
		st, err := fs.StatAt(nil, path, 0)
		if err == nil && !st.IsDir() {
			err = ENOTDIR
		}
		return err
	}
	return err
}

// WriteFile makes the file path, which is absolute, and missing directories
// above it, with the given content; an existing file is overwritten. In memory
// the content is not copied, see [Memory.WriteFile].
func (fs *FS) WriteFile(path string, data []byte, mode uint32) error {
	if !strings.HasPrefix(path, "/") {
		return EINVAL
	}
	if err := fs.MkdirAll(parent(path), 0o755); err != nil {
		return err
	}
	return fs.at(nil, path, true, func(p place) error {
		if p.slash {
			return EISDIR
		}
		return writeFile(p.vol, p.name, data, mode)
	})
}

// writeFile lets a volume that can alias data.
func writeFile(v Volume, name string, data []byte, mode uint32) error {
	if v, ok := v.(interface {
		WriteFile(name string, data []byte, mode uint32) error
	}); ok {
		return v.WriteFile(name, data, mode)
	}
	h, err := v.Open(name, O_WRONLY|O_CREAT, mode)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := h.Truncate(0); err != nil {
		return err
	}
	_, err = h.WriteAt(data, 0)
	return err
}

// ReadFile returns the content of the file path, which is absolute. A device
// must have an end.
func (fs *FS) ReadFile(path string) ([]byte, error) {
	f, err := fs.OpenAt(nil, path, O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var data []byte
	if st, err := f.Stat(); err == nil && st.IsRegular() {
		data = make([]byte, 0, st.Size+1)
	}
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if n == 0 || err != nil {
			return data, err
		}
	}
}

// Symlink makes path, which is absolute, a symbolic link to target.
func (fs *FS) Symlink(target, path string) error {
	return fs.SymlinkAt(target, nil, path)
}
