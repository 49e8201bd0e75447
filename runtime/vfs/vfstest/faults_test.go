package vfstest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/runtime/vfs/vfstest"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	f := vfstest.NewFaults(vfs.NewMemory(0))
	h, err := f.Open("file", vfs.O_RDWR|vfs.O_CREAT, 0o600)
	require.NoError(t, err)
	write := func() (int, error) { return h.WriteAt([]byte("0123456789"), 0) }

	f.Set(vfstest.Fault{Ops: vfstest.WriteAt, After: 2, Times: 1, Err: vfs.EIO})
	for i := range 5 {
		n, err := write()
		if i == 2 {
			require.ErrorIs(t, err, vfs.EIO)
			require.Zero(t, n)
		} else {
			require.NoError(t, err)
		}
		_, err = h.Size()
		require.NoError(t, err, "other operations do not count")
	}
	require.Equal(t, 5, f.Seen())
	require.Equal(t, "WriteAt file 0+10", f.First().String())

	f.Set(vfstest.Fault{Ops: vfstest.Space, Err: vfs.ENOSPC, Short: true})
	require.Nil(t, f.First())
	n, err := write()
	require.ErrorIs(t, err, vfs.ENOSPC)
	require.Equal(t, 5, n, "half of it")
	n, err = write()
	require.ErrorIs(t, err, vfs.ENOSPC)
	require.Zero(t, n)
	require.ErrorIs(t, f.Mkdir("dir", 0o700), vfs.ENOSPC)
	require.NoError(t, h.Sync(false))
	f.Heal()
	_, err = write()
	require.NoError(t, err)
}

func TestFaultsByName(t *testing.T) {
	t.Parallel()
	f := vfstest.NewFaults(vfs.NewMemory(0))
	require.NoError(t, f.Mkdir("other", 0o700))
	f.Set(vfstest.Fault{Ops: vfstest.Any, Name: func(name string) bool { return name == "bad" }, Err: vfs.EACCES})
	require.ErrorIs(t, f.Mkdir("bad", 0o700), vfs.EACCES)
	require.ErrorIs(t, f.Rename("other", "bad"), vfs.EACCES)
	require.NoError(t, f.Mkdir("good", 0o700))
}

// Every operation passes the hook under its own name.
func TestKinds(t *testing.T) {
	t.Parallel()
	var seen []vfstest.Kind
	v := vfstest.Wrap(vfs.NewMemory(0), func(op *vfstest.Op, do func() error) error {
		require.NotEmpty(t, op.Name)
		require.Contains(t, op.String(), op.Name)
		seen = append(seen, op.Kind)
		return do()
	})
	h, err := v.Open("file", vfs.O_RDWR|vfs.O_CREAT, 0o600)
	require.NoError(t, err)
	dir, err := v.Open(".", vfs.O_RDONLY, 0)
	require.NoError(t, err)
	mode := uint32(0o600)
	for _, do := range []func() error{
		func() error { return second(v.Lstat("file")) },
		func() error { return v.SetAttr("file", vfs.Attr{Mode: &mode}) },
		func() error { return v.Symlink("file", "link") },
		func() error { return second(v.Readlink("link")) },
		func() error { return v.Mkdir("dir", 0o700) },
		func() error { return v.Link("file", "file2") },
		func() error { return v.Rename("file2", "file3") },
		func() error { return v.Unlink("file3") },
		func() error { return v.Rmdir("dir") },
		func() error { return second(v.Statfs()) },
		func() error { return second(h.WriteAt([]byte("x"), 0)) },
		func() error { return second(h.ReadAt(make([]byte, 1), 0)) },
		func() error { _, _, err := h.Append([]byte("x")); return err },
		func() error { return second(h.Size()) },
		func() error { return second(h.Stat()) },
		func() error { return h.SetAttr(vfs.Attr{Mode: &mode}) },
		func() error { return h.Truncate(1) },
		func() error { return h.Allocate(0, 1) },
		func() error { return h.Sync(true) },
		func() error { return dir.Sync(false) },
		func() error { return second(dir.ReadDir()) },
	} {
		require.NoError(t, do())
	}
	all := vfstest.Kind(0)
	for _, k := range seen {
		require.Zero(t, k&(k-1), "one kind")
		all |= k
	}
	require.Equal(t, vfstest.Any, all, "%v", vfstest.Any&^all)
	require.Equal(t, "Sync|SyncDir", vfstest.Syncs.String())
}

func second[T any](_ T, err error) error { return err }

func TestPower(t *testing.T) {
	t.Parallel()
	p := vfstest.NewPower(vfs.NewMemory(0))
	h, err := p.Open("file", vfs.O_RDWR|vfs.O_CREAT, 0o600)
	require.NoError(t, err)
	p.CutAfter(2)
	require.NoError(t, h.Truncate(1))
	require.NoError(t, second(h.Size()), "reading does not count")
	require.False(t, p.Off())
	require.NoError(t, h.Sync(true))
	require.True(t, p.Off())
	require.ErrorIs(t, second(h.Size()), vfs.EIO)
	require.ErrorIs(t, p.Unlink("file"), vfs.EIO)
	require.Equal(t, 3, p.Ops())
	require.Len(t, p.Trace(), 3)
	require.Equal(t, "Sync file", p.Trace()[2].String())

	p = vfstest.NewPower(vfs.NewMemory(0))
	p.CutAfter(0)
	require.ErrorIs(t, second(p.Statfs()), vfs.EIO)
}
