package vfstest

import "github.com/calfdb/calf/runtime/vfs"

// A Hook stands between a volume and who uses it. It is called for every
// operation, and does it by calling do, once or not at all. What it returns is
// the operation's error. It is called from several goroutines at once.
//
// If an operation does not succeed, its results are zero. A write is the
// exception: what do wrote counts, whatever the error, and a hook may lower
// op.Len before, to have less written.
type Hook func(op *Op, do func() error) error

// Wrap returns a volume that is v as seen through a hook.
func Wrap(v vfs.Volume, hook Hook) vfs.Volume { return &wrapped{v, hook} }

type wrapped struct {
	v    vfs.Volume
	hook Hook
}

func (w *wrapped) Open(name string, flags int, mode uint32) (vfs.Handle, error) {
	op := &Op{Kind: Open, Name: name}
	if flags&vfs.O_CREAT != 0 {
		if _, err := w.v.Lstat(name); vfs.ErrnoOf(err) == vfs.ENOENT {
			op.Kind = Create
		}
	}
	var h vfs.Handle
	err := w.hook(op, func() (err error) {
		h, err = w.v.Open(name, flags, mode)
		return err
	})
	switch {
	case err == nil:
		return &wrappedHandle{Handle: h, name: name, hook: w.hook}, nil
	case h != nil:
		h.Close()
	}
	return nil, err
}

func (w *wrapped) Lstat(name string) (vfs.Stat, error) {
	return result(w.hook, &Op{Kind: Lstat, Name: name}, func() (vfs.Stat, error) { return w.v.Lstat(name) })
}

func (w *wrapped) SetAttr(name string, a vfs.Attr) error {
	return w.hook(&Op{Kind: SetAttr, Name: name}, func() error { return w.v.SetAttr(name, a) })
}

func (w *wrapped) Readlink(name string) (string, error) {
	return result(w.hook, &Op{Kind: Readlink, Name: name}, func() (string, error) { return w.v.Readlink(name) })
}

func (w *wrapped) Mkdir(name string, mode uint32) error {
	return w.hook(&Op{Kind: Mkdir, Name: name}, func() error { return w.v.Mkdir(name, mode) })
}

func (w *wrapped) Symlink(target, name string) error {
	return w.hook(&Op{Kind: Symlink, Name: name}, func() error { return w.v.Symlink(target, name) })
}

func (w *wrapped) Link(oldName, newName string) error {
	return w.hook(&Op{Kind: Link, Name: oldName, To: newName}, func() error { return w.v.Link(oldName, newName) })
}

func (w *wrapped) Rename(oldName, newName string) error {
	return w.hook(&Op{Kind: Rename, Name: oldName, To: newName}, func() error { return w.v.Rename(oldName, newName) })
}

func (w *wrapped) Unlink(name string) error {
	return w.hook(&Op{Kind: Unlink, Name: name}, func() error { return w.v.Unlink(name) })
}

func (w *wrapped) Rmdir(name string) error {
	return w.hook(&Op{Kind: Rmdir, Name: name}, func() error { return w.v.Rmdir(name) })
}

func (w *wrapped) Statfs() (vfs.Statfs, error) {
	return result(w.hook, &Op{Kind: Statfs, Name: "."}, w.v.Statfs)
}

// result calls a hook for an operation that has one.
func result[T any](hook Hook, op *Op, f func() (T, error)) (T, error) {
	var v T
	err := hook(op, func() (err error) {
		v, err = f()
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}
