package vfs_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

// benchVolumes leaves out what only tests use.
var benchVolumes = volumes[1:3]

func benchFile(b *testing.B, fs *vfs.FS) *vfs.File {
	require.NoError(b, fs.WriteFile(base+"/file", random(1, 1<<20), 0o600))
	return as(b, fs).open("file", vfs.O_RDWR)
}

func BenchmarkReadAt(b *testing.B) {
	for _, v := range benchVolumes {
		b.Run(v.name, func(b *testing.B) {
			f, p := benchFile(b, v.newFS(b)), page(0)
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i++ {
				f.ReadAt(p, i%128*8192)
			}
		})
	}
}

func BenchmarkWriteAt(b *testing.B) {
	for _, v := range benchVolumes {
		b.Run(v.name, func(b *testing.B) {
			f, p := benchFile(b, v.newFS(b)), page('x')
			for i := range int64(128) {
				f.WriteAt(p, i*8192)
			}
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i++ {
				f.WriteAt(p, i%128*8192)
			}
		})
	}
}

// BenchmarkFirstWrite writes pages that are shared with a fork.
func BenchmarkFirstWrite(b *testing.B) {
	fs := newMemoryFS(b)
	f, p := benchFile(b, fs), page('x')
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		if i%128 == 0 {
			fs.Fork()
		}
		f.WriteAt(p, i%128*8192)
	}
}

func BenchmarkSeekEnd(b *testing.B) {
	for _, v := range benchVolumes {
		b.Run(v.name, func(b *testing.B) {
			f := benchFile(b, v.newFS(b))
			b.ReportAllocs()
			for b.Loop() {
				f.Seek(0, vfs.SEEK_END)
			}
		})
	}
}

func BenchmarkOpenClose(b *testing.B) {
	for _, v := range benchVolumes {
		for _, shared := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/shared=%v", v.name, shared), func(b *testing.B) {
				fs := v.newFS(b)
				require.NoError(b, fs.WriteFile(base+"/base/5/1259", page('x'), 0o600))
				if shared {
					as(b, fs).open("base/5/1259", vfs.O_RDWR)
				}
				b.ReportAllocs()
				for b.Loop() {
					f, err := fs.OpenAt(nil, base+"/base/5/1259", vfs.O_RDWR, 0)
					if err != nil {
						b.Fatal(err)
					}
					f.Close()
				}
			})
		}
	}
}

// newCluster has about as many files, and as much in them, as a new cluster.
func newCluster(b testing.TB) *vfs.FS {
	fs := newMemoryFS(b)
	content := random(1, 40<<10)
	for i := range 1000 {
		name := fmt.Sprintf("%s/base/%d/%d", base, i/300, 16384+i)
		require.NoError(b, fs.WriteFile(name, content, 0o600))
	}
	return fs
}

func BenchmarkFork(b *testing.B) {
	fs := newCluster(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := fs.Fork(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadTarBytes(b *testing.B) {
	fs := newCluster(b)
	var data writeCounter
	require.NoError(b, fs.WriteTar(&data, base))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := vfs.LoadTarBytes(vfs.NewMemory(0), data, ".", vfs.TarOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteTar(b *testing.B) {
	fs := newCluster(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := fs.WriteTar(io.Discard, base); err != nil {
			b.Fatal(err)
		}
	}
}

type writeCounter []byte

func (w *writeCounter) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
