package vfs_test

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

// TestHostTraversal has links that somebody put into the data directory.
func TestHostTraversal(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	outside, secret := writeOutside(t)
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
	dir := t.TempDir()
	for name, target := range map[string]string{
		"passwd":   "/etc/passwd",
		"absolute": secret,
		"relative": "../" + filepath.Base(outside) + "/secret",
		"dir":      outside,
		"up":       "..",
		"root":     "/",
		"upup":     "../../../../../../../..",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	u := as(t, mountHost(t, newHost(t, dir)))
	require.NoError(t, u.fs.WriteFile("/etc/passwd", []byte("the guest's"), 0o600))

	require.Equal(t, "the guest's", u.read("passwd"))
	require.Equal(t, "the guest's", u.read("root/etc/passwd"))
	require.Equal(t, "the guest's", u.read("upup/etc/passwd"))
	st, err := u.fs.StatAt(nil, base+"/up/data", 0)
	require.NoError(t, err)
	require.Equal(t, u.stat("").Ino, st.Ino)
	for _, path := range []string{
		"absolute", "relative", "dir/secret", "up/" + filepath.Base(outside) + "/secret",
		"root" + secret, "upup" + secret, "../../.." + secret, "dir/../secret",
		"upup/../../etc/shadow", "./../../../../../../../../../etc/shadow",
	} {
		assertErrno(t, vfs.ENOENT, u.openErr(path, vfs.O_RDONLY), path)
	}
	for _, path := range []string{"dir/new", "up/up/up/new"} {
		u.openErr(path, vfs.O_RDWR|vfs.O_CREAT)
		u.fs.MkdirAt(nil, u.path(path+"d"), 0o700)
	}
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Len(t, left, 1)
	got, err := os.ReadFile(secret)
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))
}

// TestHostNames calls the volume itself, as a careless wrapper might.
func TestHostNames(t *testing.T) {
	t.Parallel()
	_, secret := writeOutside(t)
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
	h := newHost(t, t.TempDir())
	for _, name := range []string{"..", "../x", "a/../../x", "/etc/passwd", secret, "", "a\x00b"} {
		_, err := h.Open(name, vfs.O_RDWR|vfs.O_CREAT, 0o600)
		assert.Error(t, err, name)
		_, err = h.Lstat(name)
		assert.Error(t, err, name)
		_, err = h.Readlink(name)
		assert.Error(t, err, name)
		assert.Error(t, h.Mkdir(name, 0o700), name)
		assert.Error(t, h.Unlink(name), name)
		assert.Error(t, h.Rmdir(name), name)
		assert.Error(t, h.Rename(name, "x"), name)
		assert.Error(t, h.Rename(".", name), name)
		assert.Error(t, h.Link(name, "x"), name)
		assert.Error(t, h.Symlink("x", name), name)
		assert.Error(t, h.SetAttr(name, vfs.Attr{Mode: new(uint32(0))}), name)
	}
	_, err := os.Stat(secret)
	require.NoError(t, err)
}

// TestHostSwappedLink swaps a directory that is in use for a link.
func TestHostSwappedLink(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	outside, secret := writeOutside(t)
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
	dir := t.TempDir()
	u := as(t, mountHost(t, newHost(t, dir)))
	u.mkdir("base")
	u.write("base/secret", "mine")
	u.write("file", "mine")
	f := u.open("base/secret", vfs.O_RDWR)

	require.NoError(t, os.Rename(filepath.Join(dir, "base"), filepath.Join(dir, "old")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "base")))
	require.NoError(t, os.Remove(filepath.Join(dir, "file")))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "file")))

	b := make([]byte, 10)
	n, err := f.ReadAt(b, 0)
	require.NoError(t, err)
	require.Equal(t, "mine", string(b[:n]))
	require.NoError(t, f.Close())
	for _, name := range []string{"base/secret", "file", "base/new"} {
		require.Error(t, u.openErr(name, vfs.O_RDWR|vfs.O_CREAT), name)
		require.Error(t, u.unlinkUnlessLink(name), name)
	}
	require.Error(t, u.rename("old/secret", "base/stolen"))
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

// unlinkUnlessLink does not try to remove a link, which is allowed.
func (u user) unlinkUnlessLink(name string) error {
	st, err := u.fs.StatAt(nil, u.path(name), vfs.AT_SYMLINK_NOFOLLOW)
	if err == nil && st.IsLink() {
		return vfs.EPERM
	}
	return u.unlink(name)
}

// TestHostSwapRace swaps while guests run, so that checks and uses interleave.
func TestHostSwapRace(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	outside, secret := writeOutside(t)
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "real"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "real", "secret"), []byte("mine"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link")))
	u := as(t, mountHost(t, newHost(t, dir)))

	stop := make(chan struct{})
	var swapper sync.WaitGroup
	swapper.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			os.Rename(filepath.Join(dir, "real"), filepath.Join(dir, "base"))
			os.Rename(filepath.Join(dir, "base"), filepath.Join(dir, "real"))
			os.Rename(filepath.Join(dir, "link"), filepath.Join(dir, "base"))
			os.Rename(filepath.Join(dir, "base"), filepath.Join(dir, "link"))
		}
	})
	for i := range 1000 {
		if got, err := u.fs.ReadFile(base + "/base/secret"); err == nil && string(got) == "secret" {
			t.Error("a guest read what is outside")
			break
		}
		if i%3 == 0 {
			u.openErr("base/new", vfs.O_RDWR|vfs.O_CREAT)
		}
	}
	close(stop)
	swapper.Wait()
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestHostSymlinkTargets(t *testing.T) {
	t.Parallel()
	needLinks(t)
	u := as(t, newHostFS(t))
	for _, target := range []string{"/etc", base, "..", "../x", "a/../../x", "a/.."} {
		assertErrno(t, vfs.EPERM, u.symlink(target, "link"), target)
	}
	require.NoError(t, u.symlink("a/b", "link"))
}

// TestHostSharesDescriptors: guests share one host descriptor for a file.
func TestHostSharesDescriptors(t *testing.T) {
	t.Parallel()
	h := newHost(t, t.TempDir())
	u := as(t, mountHost(t, h))
	u.write("file", "x")
	require.Zero(t, h.OpenFiles())
	var files []*vfs.File
	for i := range 20 {
		files = append(files, u.open("file", []int{vfs.O_RDONLY, vfs.O_RDWR, vfs.O_WRONLY}[i%3]))
	}
	require.Equal(t, 1, h.OpenFiles())
	require.NoError(t, u.rename("file", "renamed"))
	files = append(files, u.open("renamed", vfs.O_RDWR))
	require.Equal(t, 1, h.OpenFiles())
	require.NoError(t, u.unlink("renamed"))
	u.write("renamed", "y")
	files = append(files, u.open("renamed", vfs.O_RDWR))
	require.Equal(t, 2, h.OpenFiles())
	for _, f := range files {
		require.NoError(t, f.Close())
	}
	require.Zero(t, h.OpenFiles())
}

func TestHostInPlace(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "by", "calf")
	h, err := vfs.OpenHost(dir, vfs.HostOptions{})
	require.NoError(t, err)
	defer h.Close()
	u := as(t, mountHost(t, h))
	u.mkdir("base")
	f, err := u.fs.OpenAt(nil, u.path("base/1"), vfs.O_RDWR|vfs.O_CREAT, 0o646)
	require.NoError(t, err)
	_, err = f.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	got, err := os.ReadFile(filepath.Join(dir, "base", "1"))
	require.NoError(t, err)
	require.Equal(t, "x", string(got))
	if runtime.GOOS != "windows" {
		for name, mode := range map[string]os.FileMode{"base": 0o700, "base/1": 0o646, "": 0o700} {
			fi, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			require.Equal(t, mode, fi.Mode().Perm(), name)
		}
	}
}

func TestHostForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := mkfifo(filepath.Join(dir, "fifo")); err != nil {
		t.Skip(err)
	}
	u := as(t, mountHost(t, newHost(t, dir)))
	for _, flags := range []int{vfs.O_RDONLY, vfs.O_WRONLY, vfs.O_RDWR | vfs.O_CREAT} {
		assertErrno(t, vfs.EACCES, u.openErr("fifo", flags))
	}
	require.Equal(t, []string{"fifo"}, u.list(""))
}

func TestHostReadOnlyFile(t *testing.T) {
	t.Parallel()
	if os.Getuid() <= 0 {
		t.Skip("nothing is read-only for root")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o400))
	h := newHost(t, dir)
	u := as(t, mountHost(t, h))
	r := u.open("file", vfs.O_RDONLY)
	assertErrno(t, vfs.EACCES, u.openErr("file", vfs.O_RDWR))
	require.NoError(t, os.Chmod(path, 0o600))
	w := u.open("file", vfs.O_RDWR)
	_, err := w.Write([]byte("y"))
	require.NoError(t, err)
	b := make([]byte, 1)
	_, err = r.Read(b)
	require.NoError(t, err)
	require.Equal(t, "y", string(b))
	require.NoError(t, r.Close())
	require.NoError(t, w.Close())
	require.Zero(t, h.OpenFiles())
}

func TestHostClose(t *testing.T) {
	t.Parallel()
	h, err := vfs.OpenHost(t.TempDir(), vfs.HostOptions{})
	require.NoError(t, err)
	u := as(t, mountHost(t, h))
	u.write("file", "x")
	f, d := u.open("file", vfs.O_RDWR), u.open("", vfs.O_RDONLY)
	require.NoError(t, u.unlink("file"))
	require.NoError(t, h.Close())
	require.NoError(t, h.Close())
	_, err = f.Read(make([]byte, 1))
	require.Error(t, err)
	_, err = d.ReadDir(1)
	require.Error(t, err)
	require.Error(t, u.openErr("file", vfs.O_RDWR|vfs.O_CREAT))
	require.NoError(t, f.Close())
	require.NoError(t, d.Close())

	_, err = vfs.OpenHost(filepath.Join(t.TempDir(), "x\x00y"), vfs.HostOptions{})
	require.Error(t, err)
}

// TestHostGraves: what an unlinked file was called until it was closed is
// hidden, and removed after a crash.
func TestHostGraves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := newHost(t, dir)
	h.EmulateUnlink()
	u := as(t, mountHost(t, h))
	u.write("a", "x")
	u.write("b", "y")
	a := u.open("a", vfs.O_RDWR)
	b := u.open("b", vfs.O_RDWR)
	require.NoError(t, u.unlink("a"))
	u.write("c", "z")
	require.NoError(t, u.rename("c", "b"))
	require.Equal(t, []string{"b"}, u.list(""))
	require.Equal(t, "z", u.read("b"))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 3)
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)

	require.NoError(t, os.WriteFile(filepath.Join(dir, ".calf-unlinked-1"), nil, 0o600))
	require.NoError(t, h.RemoveGraves())
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
}
