package vfstest

import "github.com/calfdb/calf/runtime/vfs"

// wrappedHandle is a handle of a wrapped volume. Close is the Handle's own.
type wrappedHandle struct {
	vfs.Handle
	name string
	hook Hook
}

func (h *wrappedHandle) ReadAt(p []byte, off int64) (int, error) {
	op := &Op{Kind: ReadAt, Name: h.name, Off: off, Len: int64(len(p))}
	return result(h.hook, op, func() (int, error) { return h.Handle.ReadAt(p, off) })
}

func (h *wrappedHandle) WriteAt(p []byte, off int64) (n int, err error) {
	op := &Op{Kind: WriteAt, Name: h.name, Off: off, Len: int64(len(p))}
	err = h.hook(op, func() (err error) {
		n, err = h.Handle.WriteAt(p[:op.Len], off)
		return err
	})
	return n, err
}

func (h *wrappedHandle) Append(p []byte) (n int, end int64, err error) {
	op := &Op{Kind: Append, Name: h.name, Len: int64(len(p))}
	err = h.hook(op, func() (err error) {
		n, end, err = h.Handle.Append(p[:op.Len])
		return err
	})
	return n, end, err
}

func (h *wrappedHandle) Size() (int64, error) {
	return result(h.hook, &Op{Kind: Size, Name: h.name}, h.Handle.Size)
}

func (h *wrappedHandle) Stat() (vfs.Stat, error) {
	return result(h.hook, &Op{Kind: Stat, Name: h.name}, h.Handle.Stat)
}

func (h *wrappedHandle) SetAttr(a vfs.Attr) error {
	return h.hook(&Op{Kind: SetAttr, Name: h.name}, func() error { return h.Handle.SetAttr(a) })
}

func (h *wrappedHandle) Truncate(size int64) error {
	return h.hook(&Op{Kind: Truncate, Name: h.name, Off: size}, func() error { return h.Handle.Truncate(size) })
}

func (h *wrappedHandle) Allocate(off, n int64) error {
	return h.hook(&Op{Kind: Allocate, Name: h.name, Off: off, Len: n}, func() error { return h.Handle.Allocate(off, n) })
}

func (h *wrappedHandle) Sync(dataOnly bool) error {
	op := &Op{Kind: Sync, Name: h.name, handle: h.Handle}
	if st, err := h.Handle.Stat(); err == nil && st.IsDir() {
		op.Kind = SyncDir
	}
	return h.hook(op, func() error { return h.Handle.Sync(dataOnly) })
}

// loseUnsynced passes on what [Fault.Lose] asks for.
func (h *wrappedHandle) loseUnsynced() {
	if l, ok := h.Handle.(loser); ok {
		l.loseUnsynced()
	}
}

func (h *wrappedHandle) ReadDir() ([]vfs.DirEntry, error) {
	return result(h.hook, &Op{Kind: ReadDir, Name: h.name}, h.Handle.ReadDir)
}
