package vfs_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

// overlayOn returns a directory with some content and an overlay of it.
func overlayOn(t *testing.T) (dir string, o *vfs.Overlay, u user) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub", "deep"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "large"), random(1, 3<<20), 0o640))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small"), []byte("small"), 0o600))
	if os.Symlink("small", filepath.Join(dir, "link")) != nil {
		t.Skip("cannot make a symbolic link")
	}
	o = newOverlay(t, newHost(t, dir))
	fs := vfs.New(vfs.Options{})
	require.NoError(t, fs.Mount(base, o))
	return dir, o, as(t, fs)
}

func TestOverlayShowsTheLowerVolume(t *testing.T) {
	t.Parallel()
	dir, o, u := overlayOn(t)
	require.Equal(t, map[string]string{
		"./link": "link to small", "./small": "file small", "./sub": "directory", "./sub/deep": "directory",
		"./sub/large": "file " + string(random(1, 3<<20)),
	}, u.tree("."))
	require.EqualValues(t, 3<<20, u.stat("sub/large").Size)
	require.EqualValues(t, 0o640, u.stat("sub/large").Mode&0o777)
	info, err := os.Stat(filepath.Join(dir, "small"))
	require.NoError(t, err)
	require.Equal(t, info.ModTime().UnixNano(), u.stat("small").Mtime.UnixNano())
	require.Zero(t, o.Written())
}

func TestOverlayLeavesTheLowerVolumeAlone(t *testing.T) {
	t.Parallel()
	dir, o, u := overlayOn(t)
	before := as(t, mountHost(t, newHost(t, dir))).tree(".")

	f := u.open("sub/large", vfs.O_RDWR)
	_, err := f.WriteAt([]byte("changed"), 2<<20+5)
	require.NoError(t, err)
	require.EqualValues(t, 8192, o.Written(), "a small change takes one block")
	require.NoError(t, u.rename("small", "sub/renamed"))
	require.NoError(t, u.unlink("link"))
	require.NoError(t, u.rmdir("sub/deep"))
	u.write("new", "new")
	u.write("sub/renamed", "other")
	require.NoError(t, u.rename("sub", "moved"))

	want := random(1, 3<<20)
	copy(want[2<<20+5:], "changed")
	require.Equal(t, map[string]string{
		"./new": "file new", "./moved": "directory", "./moved/renamed": "file other", "./moved/large": "file " + string(want),
	}, u.tree("."))
	require.Equal(t, before, as(t, mountHost(t, newHost(t, dir))).tree("."))
}

func TestOverlayDoesNotShowWhatWasCutOff(t *testing.T) {
	t.Parallel()
	_, _, u := overlayOn(t)
	f := u.open("sub/large", vfs.O_RDWR)
	require.NoError(t, f.Truncate(10_000))
	require.NoError(t, f.Truncate(3<<20))
	want := append(random(1, 3<<20)[:10_000], make([]byte, 3<<20-10_000)...)
	require.True(t, bytes.Equal(want, []byte(u.read("sub/large"))))
	_, err := f.WriteAt([]byte("x"), 2<<20)
	require.NoError(t, err)
	want[2<<20] = 'x'
	require.True(t, bytes.Equal(want, []byte(u.read("sub/large"))))
}

func TestOverlayUsesSpaceAgain(t *testing.T) {
	t.Parallel()
	_, o, u := overlayOn(t)
	for range 3 {
		f := u.open("scratch", vfs.O_RDWR|vfs.O_CREAT)
		_, err := f.Write(random(2, 1<<20))
		require.NoError(t, err)
		require.NoError(t, u.unlink("scratch"))
		require.NoError(t, f.Close())
		require.LessOrEqual(t, o.Written(), int64(1<<20))
	}
	f := u.open("sub/large", vfs.O_RDWR)
	for range 3 {
		_, err := f.WriteAt(random(3, 1<<20), 0)
		require.NoError(t, err)
		require.NoError(t, f.Truncate(0))
	}
	require.LessOrEqual(t, o.Written(), int64(1<<20))
}

// TestOverlayRandomContent compares a file that begins in the lower volume with
// a slice.
func TestOverlayRandomContent(t *testing.T) {
	t.Parallel()
	_, _, u := overlayOn(t)
	f := u.open("sub/large", vfs.O_RDWR)
	want := random(1, 3<<20)
	r := rand.New(rand.NewPCG(7, 7))
	for range 600 {
		off, n := r.IntN(4<<20), []int{1, 100, 8192, 20_000}[r.IntN(4)]
		if r.IntN(2) == 0 {
			off = off / 8192 * 8192
		}
		switch r.IntN(6) {
		case 0, 1:
			p := random(r.Uint64(), n)
			_, err := f.WriteAt(p, int64(off))
			require.NoError(t, err)
			want = append(want, make([]byte, max(0, off+n-len(want)))...)
			copy(want[off:], p)
		case 2:
			require.NoError(t, f.Truncate(int64(off)))
			want = append(want, make([]byte, max(0, off-len(want)))...)[:off:off]
		default:
			p := make([]byte, n)
			got, err := f.ReadAt(p, int64(off))
			require.NoError(t, err)
			require.True(t, bytes.Equal(want[min(off, len(want)):min(off+n, len(want))], p[:got]))
		}
	}
	require.True(t, bytes.Equal(want, []byte(u.read("sub/large"))))
}

func TestOverlayReportsErrors(t *testing.T) {
	t.Parallel()
	dir, o, u := overlayOn(t)
	_, err := vfs.NewOverlay(newHost(t, dir), filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.Remove(filepath.Join(dir, "small")))
	assertErrno(t, vfs.ENOENT, u.openErr("small", vfs.O_RDONLY))
	_, err = o.Open("small", vfs.O_RDWR|vfs.O_CREAT|vfs.O_EXCL, 0)
	assertErrno(t, vfs.EEXIST, err)
}
