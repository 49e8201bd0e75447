package vfs_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/runtime/vfs/vfstest"
)

// archive makes a tar of headers; a regular file's content is its Linkname.
func archive(t testing.TB, headers ...tar.Header) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		content := ""
		if h.Typeflag == tar.TypeReg {
			content, h.Linkname = h.Linkname, ""
			h.Size = int64(len(content))
		}
		require.NoError(t, w.WriteHeader(&h))
		_, err := io.WriteString(w, content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func file(name, content string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Linkname: content, Mode: 0o600, ModTime: time.Unix(1e9, 0)}
}

func dir(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o700, ModTime: time.Unix(1e9, 0)}
}

// loads are both ways to load an archive.
var loads = []struct {
	name string
	load func(fs *vfs.FS, data []byte, o vfs.TarOptions) error
}{
	{"reader", func(fs *vfs.FS, data []byte, o vfs.TarOptions) error {
		return fs.LoadTar(iotest.HalfReader(bytes.NewReader(data)), base, o)
	}},
	{"bytes", func(fs *vfs.FS, data []byte, o vfs.TarOptions) error {
		return fs.LoadTarBytes(data, base, o)
	}},
}

func TestLoadTar(t *testing.T) {
	t.Parallel()
	big := string(page('b')) + string(page(0)) + string(random(1, 300_000))
	data := archive(t,
		dir("/base"), file("/base/1", "one"), file("PG_VERSION", "18\n"), dir("./pg_wal/"),
		file("/a/b/c", "implicit"), file("big", big), file("empty", ""),
		file("/base/1", "one again"), dir("twice"), dir("twice"),
		dir("was a directory"), file("was a directory", "now a file"),
		file("was a file", "x"), dir("was a file"),
		tar.Header{Typeflag: tar.TypeReg, Name: "x/" + strings.Repeat("long", 50), Linkname: "pax", Mode: 0o4755},
		tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "global", PAXRecords: map[string]string{"comment": "x"}},
	)
	orig := bytes.Clone(data)
	for _, v := range volumes {
		for _, l := range loads {
			t.Run(v.name+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				u := as(t, v.newFS(t))
				u.write("empty", "was there")
				require.NoError(t, l.load(u.fs, data, vfs.TarOptions{}))
				require.Equal(t, map[string]string{
					"./base": "directory", "./base/1": "file one again",
					"./PG_VERSION": "file 18\n", "./pg_wal": "directory",
					"./a": "directory", "./a/b": "directory", "./a/b/c": "file implicit",
					"./big": "file " + big, "./empty": "file ",
					"./twice": "directory", "./was a directory": "file now a file",
					"./was a file": "directory",
					"./x":          "directory", "./x/" + strings.Repeat("long", 50): "file pax",
				}, u.tree("."))
				require.True(t, u.stat("base/1").Mtime.Equal(time.Unix(1e9, 0)))
				requireMode(u, vfs.S_IFREG|0o600, "base/1")
				requireMode(u, vfs.S_IFREG|0o755, "x/"+strings.Repeat("long", 50))
				requireMode(u, vfs.S_IFDIR|0o700, "a")
				u.write("big", "changed")
				u.open("base/1", vfs.O_WRONLY).WriteAt([]byte("X"), 0)
				require.True(t, bytes.Equal(orig, data), "the archive was changed")
			})
		}
	}
}

func TestLoadTarOwnerOnly(t *testing.T) {
	t.Parallel()
	f, d := file("open", "x"), dir("wide")
	f.Mode, d.Mode = 0o666, 0o777
	none := file("wide/none", "x")
	none.Mode = 0
	data := archive(t, f, d, none, file("implicit/f", "x"))
	for _, l := range loads {
		u := as(t, newHostFS(t))
		require.NoError(t, l.load(u.fs, data, vfs.TarOptions{OwnerOnly: true}))
		for name, mode := range map[string]uint32{
			"open": vfs.S_IFREG | 0o600, "wide": vfs.S_IFDIR | 0o700, "wide/none": vfs.S_IFREG | 0o600,
			"implicit": vfs.S_IFDIR | 0o700, "implicit/f": vfs.S_IFREG | 0o600,
		} {
			require.EqualValues(t, mode, u.stat(name).Mode, name)
		}
	}
}

// TestLoadTarEnd: only zeros end an archive, and what follows is not read.
func TestLoadTarEnd(t *testing.T) {
	t.Parallel()
	whole := archive(t, dir("d"), file("d/full", string(page('x'))), file("d/part", "x"))
	for n := range len(whole) / 512 {
		for _, l := range loads {
			err := l.load(newMemoryFS(t), whole[:n*512], vfs.TarOptions{})
			if n*512 < len(whole)-512 { // GNU tar warns of a lone block of zeros
				require.ErrorIs(t, err, vfs.ErrBadTar, "%s %d", l.name, n)
			} else {
				require.NoError(t, err)
			}
		}
	}
	r := bytes.NewReader(append(whole, "what follows"...))
	require.NoError(t, newMemoryFS(t).LoadTar(r, base, vfs.TarOptions{}))
	require.Equal(t, len("what follows"), r.Len())
}

func TestTarWriter(t *testing.T) {
	t.Parallel()
	m := vfs.NewMemory(0)
	require.NoError(t, m.Mkdir("base", 0o700))
	require.NoError(t, m.WriteFile("base/1", page('x'), 0o600))
	require.NoError(t, m.Symlink("1", "base/link"))
	var out bytes.Buffer
	w := vfs.NewTarWriter(&out)
	require.NoError(t, w.Add(m, "base"))
	require.NoError(t, w.Add(m, "base/1"))
	assertErrno(t, vfs.ENOENT, w.Add(m, "base/2"))
	require.ErrorIs(t, w.Add(m, "base/link"), vfs.ENOTSUP)
	require.NoError(t, w.AddBytes("label", []byte("text"), 0o640, time.Unix(1e9, 0)))
	require.ErrorIs(t, vfs.LoadTar(vfs.NewMemory(0), bytes.NewReader(out.Bytes()), ".", vfs.TarOptions{}), vfs.ErrBadTar)
	require.NoError(t, w.Close())
	u := as(t, newMemoryFS(t))
	require.NoError(t, u.fs.LoadTar(&out, base, vfs.TarOptions{}))
	require.Equal(t, map[string]string{
		"./base": "directory", "./base/1": "file " + string(page('x')), "./label": "file text",
	}, u.tree("."))
	require.EqualValues(t, vfs.S_IFREG|0o640, u.stat("label").Mode)

	failing := vfs.NewTarWriter(errWriter{})
	require.ErrorIs(t, failing.Add(m, "base/1"), io.ErrClosedPipe)
	require.ErrorIs(t, failing.AddBytes("label", nil, 0, time.Time{}), io.ErrClosedPipe)
	require.ErrorIs(t, failing.Close(), io.ErrClosedPipe)
}

type errWriter struct{}

func (errWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestTarSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 511, 512, 513, 20_000} {
		m := vfs.NewMemory(0)
		require.NoError(t, m.WriteFile("f", make([]byte, size), 0o600))
		require.NoError(t, m.Mkdir("d", 0o700))
		var sum int64
		require.NoError(t, vfs.Walk(m, ".", func(_ string, st vfs.Stat) error {
			sum += vfs.TarSize(st)
			return nil
		}))
		var out bytes.Buffer
		require.NoError(t, vfs.WriteTar(m, &out, "."))
		require.EqualValues(t, out.Len()-1024, sum)
	}
}

func TestLoadTarAliases(t *testing.T) {
	t.Parallel()
	data := archive(t, file("f", string(page('a'))+string(page(0))+"tail"))
	m := vfs.NewMemory(0)
	require.NoError(t, vfs.LoadTarBytes(m, data, ".", vfs.TarOptions{}))
	require.EqualValues(t, 2*vfs.ChunkSize, m.Used(), "zeros were not made a hole")
	copy(data[512:], "seen") // which a caller must not do
	h, err := m.Open("f", vfs.O_RDONLY, 0)
	require.NoError(t, err)
	b := make([]byte, 4)
	_, err = h.ReadAt(b, 0)
	require.NoError(t, err)
	require.Equal(t, "seen", string(b))
}

func TestLoadTarRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 300)
	for _, test := range []struct {
		name    string
		data    []byte
		mention string
	}{
		{"dots", archive(t, file("../escape", "x")), "../escape"},
		{"dots inside", archive(t, file("a/../../escape", "x")), "escape"},
		{"dots at the end", archive(t, dir("a/..")), "a/.."},
		{"absolute dots", archive(t, file("/../escape", "x")), "escape"},
		{"symlink", archive(t, tar.Header{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "/etc"}), `"l"`},
		{"hard link", archive(t, file("f", "x"), tar.Header{Typeflag: tar.TypeLink, Name: "l", Linkname: "f"}), `"l"`},
		{"device", archive(t, tar.Header{Typeflag: tar.TypeChar, Name: "dev", Devmajor: 1}), `"dev"`},
		{"block device", archive(t, tar.Header{Typeflag: tar.TypeBlock, Name: "dev"}), `"dev"`},
		{"fifo", archive(t, tar.Header{Typeflag: tar.TypeFifo, Name: "p"}), `"p"`},
		{"long element", archive(t, file(long, "x")), long},
		{"long path", archive(t, file(strings.Repeat("d/", 2100)+"f", "x")), "d/d/"},
		{"no name", archive(t, file(".", "x")), "without a name"},
		{"cut content", archive(t, file("f", string(page('x'))))[:600], ""},
		{"cut header", archive(t, file("f", "x"))[:300], ""},
		{"cut between entries", archive(t, file("f", "x"), dir("d"))[:3*512], "cut off"},
		{"cut before content", archive(t, file("f", "x"))[:512], ""},
		{"empty", nil, "cut off"},
		{"garbage", random(7, 2048), ""},
		{"too many", archive(t, dir("1"), dir("2"), dir("3"), dir("4"), dir("5")), `"5"`},
		{"too large", archive(t, file("small", "x"), file("large", strings.Repeat("x", 1<<20))), `"large"`},
	} {
		for _, l := range loads {
			t.Run(test.name+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				u := as(t, newHostFS(t))
				err := l.load(u.fs, test.data, vfs.TarOptions{MaxEntries: 4, MaxBytes: 1 << 20})
				require.ErrorIs(t, err, vfs.ErrBadTar)
				require.ErrorContains(t, err, test.mention)
				require.ErrorContains(t, err, "vfs: loading archive: ")
				above, err := u.fs.StatAt(nil, base+"/../escape", 0)
				assertErrno(t, vfs.ENOENT, err, "%v", above)
			})
		}
	}
}

// TestLoadTarLies: a header may promise any size.
func TestLoadTarLies(t *testing.T) {
	t.Parallel()
	data := archive(t, file("f", "x"))
	copy(data[124:], "77777777777\x00") // 8 GiB
	sum := 0
	copy(data[148:], "        ")
	for _, c := range data[:512] {
		sum += int(c)
	}
	copy(data[148:], []byte{'0', '0', byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	for _, l := range loads {
		u := as(t, newMemoryFS(t))
		require.ErrorIs(t, l.load(u.fs, data, vfs.TarOptions{}), vfs.ErrBadTar, l.name)
	}
}

func TestLoadTarErrors(t *testing.T) {
	t.Parallel()
	fs := newMemoryFS(t)
	broken := errors.New("the network is gone")
	err := fs.LoadTar(iotest.ErrReader(broken), base, vfs.TarOptions{})
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, vfs.ErrBadTar)

	full := vfs.New(vfs.Options{MaxBytes: vfs.ChunkSize})
	data := archive(t, file("a", "x"), file("b", "x"))
	for _, l := range loads {
		err := l.load(full, data, vfs.TarOptions{})
		require.ErrorIs(t, err, vfs.ENOSPC)
		require.ErrorContains(t, err, `"b"`)
	}
	// A link that is there already is not followed.
	require.NoError(t, fs.Symlink("/tmp", base+"/link"))
	assert.Error(t, fs.LoadTarBytes(archive(t, file("link/x", "x")), base, vfs.TarOptions{}))
	require.NoError(t, fs.LoadTarBytes(archive(t, file("link", "x")), base, vfs.TarOptions{}))
	st, err := fs.StatAt(nil, base+"/link", vfs.AT_SYMLINK_NOFOLLOW)
	require.NoError(t, err)
	require.True(t, st.IsRegular())
}

func TestWriteTar(t *testing.T) {
	t.Parallel()
	for _, v := range volumes {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			u := as(t, v.newFS(t))
			for _, name := range []string{"base", "base/1", "pg_wal"} {
				u.mkdir(name)
			}
			u.write("PG_VERSION", "18\n")
			u.write("base/1/1259", string(random(2, 20_000)))
			u.write("base/10", "")
			long := strings.Repeat("long", 60)
			u.write("base/"+long, "x")
			when := time.Unix(1e9, 999)
			for _, name := range []string{"base", "base/1", "pg_wal", "PG_VERSION", "base/1/1259", "base/10", "base/" + long} {
				require.NoError(t, u.fs.UtimesAt(nil, u.path(name), nil, &when, 0))
			}

			var out bytes.Buffer
			require.NoError(t, u.fs.WriteTar(&out, base))
			var names []string
			for r := tar.NewReader(bytes.NewReader(out.Bytes())); ; {
				h, err := r.Next()
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				names = append(names, string(h.Typeflag)+h.Name)
				if !strings.HasSuffix(h.Name, long) {
					require.Equal(t, tar.FormatUSTAR, h.Format, h.Name)
				}
				require.Zero(t, h.Uid)
				require.True(t, h.ModTime.Equal(time.Unix(1e9, 0)))
			}
			require.Equal(t, []string{
				"0/PG_VERSION", "5/base", "5/base/1", "0/base/1/1259", "0/base/10", "0/base/" + long, "5/pg_wal",
			}, names)

			// It comes back, into any volume, and makes the same archive.
			for _, other := range volumes {
				c := as(t, other.newFS(t))
				require.NoError(t, c.fs.LoadTar(bytes.NewReader(out.Bytes()), base, vfs.TarOptions{}))
				require.Equal(t, u.tree("."), c.tree("."))
				for _, name := range []string{"base", "base/1", "pg_wal"} {
					require.NoError(t, c.fs.UtimesAt(nil, c.path(name), nil, &when, 0))
				}
				var again bytes.Buffer
				require.NoError(t, c.fs.WriteTar(&again, base))
				require.True(t, bytes.Equal(out.Bytes(), again.Bytes()))
			}

			assertErrno(t, vfs.ENOENT, u.fs.WriteTar(io.Discard, "/missing"))
			assertErrno(t, vfs.ENOTDIR, u.fs.WriteTar(io.Discard, base+"/PG_VERSION"))
			if err := u.symlink("base", "link"); runtime.GOOS == "windows" && vfs.ErrnoOf(err) == vfs.ENOTSUP {
				return // links need a privilege
			} else {
				require.NoError(t, err)
			}
			err := u.fs.WriteTar(io.Discard, base)
			require.ErrorIs(t, err, vfs.ENOTSUP)
			require.ErrorContains(t, err, "/link")
		})
	}
}

func TestLoadTarSyncs(t *testing.T) {
	t.Parallel()
	h, err := vfs.OpenHost(t.TempDir(), vfs.HostOptions{Sync: vfs.SyncFull})
	require.NoError(t, err)
	defer h.Close()
	var mu sync.Mutex
	var synced []string
	v := vfstest.Wrap(h, func(op *vfstest.Op, do func() error) error {
		err := do()
		if op.Kind&vfstest.Syncs != 0 {
			mu.Lock()
			defer mu.Unlock()
			synced = append(synced, op.Name)
		}
		return err
	})
	require.NoError(t, vfs.LoadTarBytes(v, archive(t, dir("d"), file("d/f", "x"), file("i/g", "y")), ".", vfs.TarOptions{}))
	require.Len(t, synced, 5)
	require.ElementsMatch(t, []string{"d/f", "i/g"}, synced[:2], "contents first")
	require.ElementsMatch(t, []string{".", "d", "i"}, synced[2:])

	faults := vfstest.NewFaults(h)
	for n := range 5 {
		faults.Set(vfstest.Fault{Ops: vfstest.Syncs, After: n, Times: 1, Err: vfs.EIO})
		err := vfs.LoadTarBytes(faults, archive(t, dir("d"), file("d/f", "x"), file("i/g", "y")), ".", vfs.TarOptions{})
		require.ErrorIs(t, err, vfs.EIO)
		require.ErrorContains(t, err, strconv.Quote(faults.First().Name))
	}
}

func FuzzLoadTar(f *testing.F) {
	f.Add(archive(f, dir("/base"), file("/base/1", "one"), file("PG_VERSION", "18\n")))
	f.Add(archive(f, file("../escape", "x"), file("a/../b", "y")))
	f.Add(archive(f, file("f", string(page(0))+"x"), dir("f"), file("f/g", "z")))
	f.Add(archive(f, tar.Header{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "/"}, file("l/x", "x")))
	f.Add(archive(f, tar.Header{Typeflag: tar.TypeReg, Name: strings.Repeat("p/", 120) + "f", Linkname: "pax",
		PAXRecords: map[string]string{"CALF.x": "y"}}))
	f.Add(random(3, 1024))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := vfs.TarOptions{MaxBytes: 1 << 20, MaxEntries: 100}
		var trees []map[string]string
		var errs []bool
		for _, l := range loads {
			u := as(t, newMemoryFS(t))
			u.write("../outside", "as it was")
			err := l.load(u.fs, data, o)
			errs = append(errs, err != nil)
			trees = append(trees, u.tree("."))
			require.Equal(t, []string{"data", "outside"}, u.list(".."))
			require.Equal(t, "as it was", u.read("../outside"))
		}
		require.Equal(t, errs[0], errs[1])
		if !errs[0] {
			require.Equal(t, trees[0], trees[1])
		}
	})
}
