package vfs

// ReadDir returns up to n of the next entries, "." and ".." first, and moves
// the offset; none at the end. It is what getdents64 needs.
//
// The list is taken at the first call and after a Seek to 0. So reading
// resumes where it stopped whatever is created or deleted meanwhile; such
// entries may or may not appear, as POSIX allows.
func (f *File) ReadDir(n int) ([]DirEntry, error) {
	if f.kind != S_IFDIR {
		return nil, ENOTDIR
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.readList(); err != nil {
		return nil, err
	}
	if f.off >= int64(len(f.list)) {
		return nil, nil
	}
	part := f.list[f.off:]
	part = part[:min(max(n, 0), len(part))]
	f.off += int64(len(part))
	return part, nil
}

// readList takes the list unless there is one. It needs mu held.
func (f *File) readList() error {
	if f.list != nil {
		return nil
	}
	if _, err := f.directory(); err != nil {
		return err
	}
	kids, err := f.h.ReadDir()
	if err != nil {
		return err
	}
	list := make([]DirEntry, 0, len(kids)+2)
	list = append(list, f.dotEntry("."), f.dotEntry(".."))
	list = append(list, kids...)
	for i := range list {
		list[i].Off = int64(i) + 1
	}
	f.list = list
	return nil
}

func (f *File) dotEntry(name string) DirEntry {
	e := DirEntry{Name: name, Type: S_IFDIR >> 12}
	if st, err := f.fs.StatAt(f, name, 0); err == nil {
		e.Ino = st.Ino
	}
	return e
}
