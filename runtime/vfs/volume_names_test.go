package vfs_test

import (
	"runtime"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

func testUnlinkWhileOpen(u user) {
	u.write("file", "old")
	f := u.open("file", vfs.O_RDWR)
	g := u.open("file", vfs.O_RDONLY)
	ino := u.stat("file").Ino
	require.NoError(u, u.unlink("file"))
	assertErrno(u, vfs.ENOENT, u.lstatErr("file"))
	require.Empty(u, u.list(""))
	u.write("file", "new")

	_, err := f.WriteAt(page('x'), 1)
	require.NoError(u, err)
	require.NoError(u, f.Sync(false))
	b := make([]byte, 3)
	_, err = g.ReadAt(b, 0)
	require.NoError(u, err)
	require.Equal(u, "oxx", string(b))
	st, err := f.Stat()
	require.NoError(u, err)
	require.EqualValues(u, 8193, st.Size)
	require.Equal(u, ino, st.Ino)

	require.NoError(u, f.Close())
	require.NoError(u, g.Close())
	require.Equal(u, "new", u.read("file"))
	require.Equal(u, []string{"file"}, u.list(""))
	assertErrno(u, vfs.ENOENT, u.unlink("missing"))
}

func testRename(u user) {
	for i, test := range []struct {
		name     string
		from, to string
		want     error
	}{
		{"to a new name", "file", "new", nil},
		{"over a file", "file", "other", nil},
		{"into a directory", "file", "empty/file", nil},
		{"itself", "file", "file", nil},
		{"another link of itself", "file", "link", nil},
		{"a directory", "full", "new", nil},
		{"a directory over an empty one", "full", "empty", nil},
		{"a directory over itself", "full", "full", nil},
		{"a directory over a full one", "empty", "full", vfs.ENOTEMPTY},
		{"a directory over a file", "empty", "file", vfs.ENOTDIR},
		{"a file over a directory", "file", "empty", vfs.EISDIR},
		{"a directory into itself", "full", "full/sub/new", vfs.EINVAL},
		{"a directory over what is in it", "full", "full/sub", vfs.EINVAL},
		{"a directory over where it is in", "full/sub", "full", vfs.ENOTEMPTY},
		{"a file over where it is in", "full/file", "full", vfs.ENOTEMPTY},
		{"nothing", "missing", "new", vfs.ENOENT},
		{"nothing over itself", "missing", "missing", vfs.ENOENT},
		{"into nothing", "file", "missing/new", vfs.ENOENT},
		{"into a file", "file", "other/new", vfs.ENOTDIR},
		{"out of a file", "other/old", "new", vfs.ENOTDIR},
		{"a file with a slash", "file/", "new", vfs.ENOTDIR},
		{"a file to a slash", "file", "new/", vfs.ENOTDIR},
		{"a directory with slashes", "full/", "new/", nil},
		{"a dot", "full/.", "new", vfs.EBUSY},
		{"to a dot", "empty", "full/..", vfs.EBUSY},
	} {
		u := u
		root := string(rune('a' + i))
		u.mkdir(root)
		in := func(name string) string { return root + "/" + name }
		u.write(in("file"), "file")
		require.NoError(u, u.link(in("file"), in("link")))
		u.write(in("other"), "other")
		u.mkdir(in("empty"))
		u.mkdir(in("full"))
		u.mkdir(in("full/sub"))
		u.write(in("full/file"), "in full")
		before := u.tree(root)

		assertErrno(u, test.want, u.rename(in(test.from), in(test.to)), test.name)
		switch {
		case test.want != nil:
			assert.Equal(u, before, u.tree(root), "%s: failed and changed something", test.name)
		case test.name == "a directory over an empty one":
			assert.Equal(u, "in full", u.read(in("empty/file")))
			assertErrno(u, vfs.ENOENT, u.lstatErr(in("full")))
		case test.name == "over a file", test.name == "to a new name":
			assert.Equal(u, "file", u.read(in(test.to)))
			assertErrno(u, vfs.ENOENT, u.lstatErr(in("file")))
		case test.name == "another link of itself":
			assert.Equal(u, before, u.tree(root))
		}
	}
}

func testRenameWhileOpen(u user) {
	u.mkdir("dir")
	u.mkdir("dir/sub")
	u.write("dir/sub/a", "a")
	u.write("b", "b")
	a, b := u.open("dir/sub/a", vfs.O_RDWR), u.open("b", vfs.O_RDWR)
	require.NoError(u, u.rename("dir", "moved"))
	require.NoError(u, u.rename("moved/sub/a", "b"))
	_, err := a.WriteAt([]byte("A"), 0)
	require.NoError(u, err)
	_, err = b.WriteAt([]byte("B"), 0)
	require.NoError(u, err)
	require.Equal(u, "A", u.read("b"))
	again := u.open("b", vfs.O_RDONLY)
	sameFile(u, a, again)

	// What was renamed away must not answer to its old name.
	u.mkdir("dir")
	u.mkdir("dir/sub")
	u.write("dir/sub/a", "new a")
	require.Equal(u, "new a", u.read("dir/sub/a"))
	require.Equal(u, "A", u.read("b"))
	require.NoError(u, a.SetAttr(vfs.Attr{Mode: new(uint32(0o640))}))
	requireMode(u, vfs.S_IFREG|0o640, "b")
}

func testRenameOpenDir(u user) {
	u.mkdir("dir")
	u.mkdir("dir/sub")
	u.mkdir("gone")
	d, gone := u.open("dir/sub", vfs.O_RDONLY), u.open("gone", vfs.O_RDONLY)
	require.Equal(u, u.path("dir/sub"), d.Path())
	require.NoError(u, u.rename("dir", "moved"))
	require.Equal(u, u.path("moved/sub"), d.Path())
	f, err := u.fs.OpenAt(d, "new", vfs.O_WRONLY|vfs.O_CREAT, 0o600)
	require.NoError(u, err)
	require.NoError(u, f.Close())
	require.Equal(u, []string{"new"}, u.list("moved/sub"))
	_, err = u.fs.StatAt(d, "../..", 0)
	require.NoError(u, err)

	require.NoError(u, u.rmdir("gone"))
	u.mkdir("gone")
	u.write("gone/file", "")
	require.Empty(u, gone.Path())
	_, err = u.fs.StatAt(gone, "file", 0)
	assertErrno(u, vfs.ENOENT, err)
	require.NoError(u, u.rename("moved/sub", "moved/other"))
	require.Equal(u, u.path("moved/other"), d.Path())
}

func testRmdir(u user) {
	u.mkdir("dir")
	u.mkdir("dir/sub")
	u.write("file", "")
	assertErrno(u, vfs.ENOTEMPTY, u.rmdir("dir"))
	assertErrno(u, vfs.ENOTDIR, u.rmdir("file"))
	assertErrno(u, vfs.ENOENT, u.rmdir("missing"))
	assertErrno(u, vfs.EINVAL, u.rmdir("dir/sub/."))
	assertErrno(u, vfs.ENOTEMPTY, u.rmdir("dir/sub/.."))
	assertErrno(u, vfs.EISDIR, u.unlink("dir"))
	assertErrno(u, vfs.EISDIR, u.unlink("dir/"))
	assertErrno(u, vfs.ENOTDIR, u.unlink("file/"))
	assertErrno(u, vfs.EEXIST, u.fs.MkdirAt(nil, u.path("dir"), 0o700))
	assertErrno(u, vfs.EEXIST, u.fs.MkdirAt(nil, u.path("file"), 0o700))
	assertErrno(u, vfs.ENOENT, u.fs.MkdirAt(nil, u.path("missing/dir"), 0o700))
	require.NoError(u, u.rmdir("dir/sub/"))
	require.NoError(u, u.rmdir("dir"))
	u.mkdir("dir/")
	u.mkdir("dir/sub")
	require.Equal(u, []string{"dir", "file"}, u.list(""))
}

func testHardLinks(u user) {
	u.write("a", "one")
	u.mkdir("dir")
	require.NoError(u, u.link("a", "dir/b"))
	if st := u.stat("a"); st.Nlink != 1 || runtime.GOOS != "windows" { // where it would cost opening the file
		require.EqualValues(u, 2, st.Nlink)
		require.Equal(u, st.Ino, u.stat("dir/b").Ino)
	}
	u.write("dir/b", "two")
	require.Equal(u, "two", u.read("a"))
	assertErrno(u, vfs.EEXIST, u.link("a", "dir/b"))
	assertErrno(u, vfs.EPERM, u.link("dir", "dir2"))
	assertErrno(u, vfs.ENOENT, u.link("missing", "c"))
	assertErrno(u, vfs.ENOENT, u.link("a", "c/"))
	assertErrno(u, vfs.ENOTDIR, u.link("a/", "c"))
	require.NoError(u, u.unlink("a"))
	require.EqualValues(u, 1, u.stat("dir/b").Nlink)
	require.Equal(u, "two", u.read("dir/b"))
}

func testSlashesAndDots(u user) {
	u.mkdir("dir")
	u.write("dir/file", "x")
	for _, test := range []struct {
		path string
		want error
	}{
		{base + "/dir/file", nil},
		{base + "//dir/.//./file", nil},
		{base + "/dir/../dir/file", nil},
		{base + "/../data/./dir", nil},
		{base + "/dir/", nil},
		{base + "/dir/.", nil},
		{base + "/dir/..", nil},
		{"/../../pglite/data", nil},
		{"/", nil},
		{"//", nil},
		{"", vfs.ENOENT},
		{base + "/dir/file/", vfs.ENOTDIR},
		{base + "/dir/file/.", vfs.ENOTDIR},
		{base + "/dir/file/..", vfs.ENOTDIR},
		{base + "/missing/../dir", vfs.ENOENT},
	} {
		_, err := u.fs.StatAt(nil, test.path, 0)
		assertErrno(u, test.want, err, test.path)
	}
	up, err := u.fs.StatAt(nil, base+"/dir/..", 0)
	require.NoError(u, err)
	require.Equal(u, u.stat("").Ino, up.Ino)
	assertErrno(u, vfs.EEXIST, u.fs.MkdirAt(nil, u.path("dir/."), 0o700))
	assertErrno(u, vfs.EEXIST, u.fs.MkdirAt(nil, u.path("dir/.."), 0o700))
	assertErrno(u, vfs.EBUSY, u.fs.UnlinkAt(nil, "/", vfs.AT_REMOVEDIR))
}

func testNameLimits(u user) {
	long := strings.Repeat("n", vfs.NameMax)
	u.write(long, "x")
	require.Equal(u, []string{long}, u.list(""))
	assertErrno(u, vfs.ENAMETOOLONG, u.openErr(long+"n", vfs.O_RDWR|vfs.O_CREAT))
	assertErrno(u, vfs.ENAMETOOLONG, u.openErr(strings.Repeat("a/", vfs.PathMax/2), vfs.O_RDONLY))
	assertErrno(u, vfs.ENAMETOOLONG, u.lstatErr(long+"n/x"))
}

func testRelative(u user) {
	u.mkdir("dir")
	d := u.open("dir", vfs.O_RDONLY)
	require.NoError(u, u.fs.MkdirAt(d, "sub", 0o700))
	f, err := u.fs.OpenAt(d, "sub/file", vfs.O_RDWR|vfs.O_CREAT, 0o600)
	require.NoError(u, err)
	defer f.Close()
	require.Equal(u, u.path("dir/sub/file"), f.Path())
	require.NoError(u, u.fs.RenameAt(d, "sub/file", d, "../file"))
	require.NoError(u, u.fs.LinkAt(d, "../file", d, "sub/link", 0))
	require.NoError(u, u.fs.UnlinkAt(d, "../file", 0))
	require.NoError(u, u.fs.FaccessAt(d, u.path("dir/sub/link"), 0, 0))
	_, err = u.fs.StatAt(f, "x", 0)
	assertErrno(u, vfs.ENOTDIR, err)
	require.NoError(u, u.fs.UnlinkAt(d, "sub/link", 0))
	require.NoError(u, u.fs.UnlinkAt(d, "sub", vfs.AT_REMOVEDIR))
}

// testRelativeLinks has the symbolic links that every volume allows.
func testRelativeLinks(u user) {
	u.mkdir("dir")
	u.mkdir("dir/sub")
	u.write("dir/sub/file", "x")
	if err := u.symlink("dir", "link"); vfs.ErrnoOf(err) == vfs.ENOTSUP && runtime.GOOS == "windows" {
		u.Skip("symbolic links need a privilege")
	} else {
		require.NoError(u, err)
	}
	require.NoError(u, u.symlink("sub/file", "dir/file"))
	require.NoError(u, u.symlink("nowhere", "dangling"))
	require.NoError(u, u.symlink("loop", "loop"))

	require.Equal(u, "x", u.read("link/sub/file"))
	require.Equal(u, "x", u.read("link/file"))
	require.Equal(u, "x", u.read("link/../dir/file"))
	target, err := u.fs.ReadlinkAt(nil, u.path("link"))
	require.NoError(u, err)
	require.Equal(u, "dir", target)
	st, err := u.fs.StatAt(nil, u.path("link"), vfs.AT_SYMLINK_NOFOLLOW)
	require.NoError(u, err)
	require.True(u, st.IsLink())
	require.EqualValues(u, 3, st.Size)
	st, err = u.fs.StatAt(nil, u.path("link/"), vfs.AT_SYMLINK_NOFOLLOW)
	require.NoError(u, err)
	require.True(u, st.IsDir())

	for _, test := range []struct {
		what string
		want error
		err  error
	}{
		{"readlink of a file", vfs.EINVAL, second(u.fs.ReadlinkAt(nil, u.path("dir/sub/file")))},
		{"readlink through slash", vfs.EINVAL, second(u.fs.ReadlinkAt(nil, u.path("link/")))},
		{"loop", vfs.ELOOP, u.openErr("loop", vfs.O_RDONLY)},
		{"through a loop", vfs.ELOOP, u.openErr("loop/x", vfs.O_RDONLY)},
		{"nofollow", vfs.ELOOP, u.openErr("link", vfs.O_RDONLY|vfs.O_NOFOLLOW)},
		{"dangling", vfs.ENOENT, u.openErr("dangling", vfs.O_RDONLY)},
		{"exclusive", vfs.EEXIST, u.openErr("dangling", vfs.O_RDWR|vfs.O_CREAT|vfs.O_EXCL)},
		{"mkdir over a link", vfs.EEXIST, u.fs.MkdirAt(nil, u.path("dangling"), 0o700)},
		{"rmdir of a link", vfs.ENOTDIR, u.rmdir("link")},
		{"chmod of a link", vfs.ENOTSUP, u.fs.ChmodAt(nil, u.path("link"), 0, vfs.AT_SYMLINK_NOFOLLOW)},
		{"link exists", vfs.EEXIST, u.symlink("x", "link")},
		{"empty target", vfs.ENOENT, u.symlink("", "new")},
		{"link in nothing", vfs.ENOENT, u.symlink("x", "nothing/new")},
		{"slash", vfs.ENOENT, u.symlink("x", "new/")},
		{"through a dangling one", vfs.ENOENT, u.openErr("dangling/x", vfs.O_RDONLY)},
	} {
		assertErrno(u, test.want, test.err, test.what)
	}

	require.NoError(u, u.fs.ChmodAt(nil, u.path("link/file"), 0o640, 0))
	require.EqualValues(u, vfs.S_IFREG|0o640, u.stat("dir/sub/file").Mode)
	require.NoError(u, u.fs.Truncate(nil, u.path("dir/file"), 0))
	require.Empty(u, u.read("dir/sub/file"))
	u.write("dangling", "made")
	require.Equal(u, "made", u.read("nowhere"))
	require.NoError(u, u.rename("link", "renamed"))
	require.NoError(u, u.rename("renamed/sub/file", "dir/file"))
	require.NoError(u, u.link("renamed", "another"))
	require.NoError(u, u.unlink("renamed"))
	require.Equal(u, []string{"file", "sub"}, u.list("another"))
	require.NoError(u, u.fs.LinkAt(nil, u.path("dangling"), nil, u.path("hard"), vfs.AT_SYMLINK_FOLLOW))
	require.EqualValues(u, 2, u.stat("nowhere").Nlink)
}
