package vfs

import "math"

// Read reads at the offset and moves it, as read(2). At the end of the file it
// returns 0 and no error.
func (f *File) Read(p []byte) (int, error) {
	if err := f.mayRead(); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.h.ReadAt(p, f.off)
	f.off += int64(n)
	return partial(n, err)
}

// ReadAt reads at off and leaves the offset alone, as pread(2).
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if err := f.mayRead(); err != nil {
		return 0, err
	}
	if err := f.maySeekTo(off); err != nil {
		return 0, err
	}
	return partial(f.h.ReadAt(p, off))
}

// Write writes at the offset, or at the end with O_APPEND, and moves the
// offset, as write(2).
func (f *File) Write(p []byte) (int, error) {
	flags := f.Flags()
	if err := f.mayWrite(flags); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var n int
	var err error
	if flags&O_APPEND != 0 {
		var end int64
		if n, end, err = f.h.Append(p); n > 0 {
			f.off = end
		}
	} else {
		n, err = f.h.WriteAt(p, f.off)
		f.off += int64(n)
	}
	return f.written(n, err, flags)
}

// WriteAt writes at off and leaves the offset alone, as pwrite(2). As in
// Linux, O_APPEND makes it write at the end all the same.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	flags := f.Flags()
	if err := f.mayWrite(flags); err != nil {
		return 0, err
	}
	if err := f.maySeekTo(off); err != nil {
		return 0, err
	}
	var n int
	var err error
	if flags&O_APPEND != 0 {
		n, _, err = f.h.Append(p)
	} else {
		n, err = f.h.WriteAt(p, off)
	}
	return f.written(n, err, flags)
}

// Seek moves the offset and returns it, as lseek(2). In a directory it goes to
// a [DirEntry.Off], and to offset 0 to list the directory anew.
func (f *File) Seek(off int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var base int64
	switch whence {
	case SEEK_SET:
	case SEEK_CUR:
		base = f.off
	case SEEK_END:
		var err error
		if base, err = f.end(); err != nil {
			return 0, err
		}
	default:
		return 0, EINVAL
	}
	if f.kind != S_IFREG && f.kind != S_IFDIR {
		if _, err := f.h.Size(); err != nil {
			return 0, err
		}
	}
	switch {
	case off > math.MaxInt64-base && base > 0:
		return 0, EOVERFLOW
	case base+off < 0:
		return 0, EINVAL
	}
	f.off = base + off
	if f.off == 0 {
		f.list = nil
	}
	return f.off, nil
}

// end is the offset behind the last byte or entry.
func (f *File) end() (int64, error) {
	if f.kind == S_IFDIR {
		err := f.readList()
		return int64(len(f.list)), err
	}
	return f.h.Size()
}

func (f *File) mayRead() error {
	switch {
	case !reads(f.Flags()):
		return EBADF
	case f.kind == S_IFDIR:
		return EISDIR
	}
	return nil
}

func (f *File) mayWrite(flags int) error {
	if !writes(flags) {
		return EBADF
	}
	return nil
}

func (f *File) maySeekTo(off int64) error {
	switch {
	case off < 0:
		return EINVAL
	case f.kind == S_IFREG:
		return nil
	}
	_, err := f.h.Size()
	return err
}

// written is the end of every write.
func (f *File) written(n int, err error, flags int) (int, error) {
	if n > 0 && flags&O_DSYNC != 0 && f.kind == S_IFREG {
		if err := f.h.Sync(true); err != nil {
			return 0, err
		}
	}
	return partial(n, err)
}

// partial is POSIX's rule: who could do a part does not fail.
func partial(n int, err error) (int, error) {
	if n > 0 {
		err = nil
	}
	return n, err
}
