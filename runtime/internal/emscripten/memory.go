package emscripten

import (
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
)

func init() {
	define("emscripten_get_heap_max", func(g *Guest, a args) { a.set(1 << 31) })
	define("emscripten_resize_heap", func(g *Guest, a args) { a.set(g.resizeHeap(a.u32(0))) })
	define("_mmap_js", func(g *Guest, a args) {
		a.set(ret(g.mmap(a.u32(0), sharesWrites(a.u32(1), a.u32(2)), a.i32(3), a.i64(4), a.u32(5), a.u32(6))))
	})
	// What is not shared, _mmap_js has copied, and freeing the copy is the
	// guest's own doing. It would do so with what is shared, and then have
	// memory on its heap that is not only its own. PostgreSQL does not unmap:
	// PGlite has it call pgl_munmap, which does nothing.
	define("_munmap_js", func(g *Guest, a args) {
		if sharesWrites(a.u32(2), a.u32(3)) {
			panic(&AbortError{"munmap of shared memory"})
		}
		a.set(0)
	})
}

// Flags of mmap(2).
const (
	protWrite = 2
	mapShared = 1
)

// sharesWrites tells whether others see what is written to a mapping.
func sharesWrites(prot, flags uint32) bool { return prot&protWrite != 0 && flags&mapShared != 0 }

// The heap grows by at least a 32nd, and by at least 2 MiB. Emscripten takes a
// fifth, because growing may copy the memory. Here it does not, and what nobody
// uses counts wherever the system commits itself to what is asked for.
const (
	heapShare = 32
	heapStep  = 2 << 20
)

// resizeHeap grows the memory to at least size bytes. It returns 1 on success;
// 0 makes malloc fail.
func (g *Guest) resizeHeap(size uint32) uint32 {
	old := uint64(g.module.Memory().Size())
	want := uint64(size)
	if want < old {
		return 0
	}
	for _, target := range []uint64{max(want, old+max(old/heapShare, heapStep)), want} {
		pages := (target - old + linmem.PageSize - 1) / linmem.PageSize
		if _, ok := g.module.Memory().Grow(uint32(pages)); ok {
			return 1
		}
	}
	return 0
}

// mmap maps a file by copying it to fresh memory. That is all for what is only
// read, such as ICU's data; of PostgreSQL's dynamic shared memory, the kernel
// makes the range shared.
func (g *Guest) mmap(length uint32, share bool, fd int32, off int64, allocated, addr uint32) error {
	f, err := g.Files.Get(int(fd))
	if err != nil {
		return err
	}
	size := (length + linmem.PageSize - 1) &^ (linmem.PageSize - 1)
	if size < length {
		return vfs.ENOMEM
	}
	p, err := g.Call("emscripten_builtin_memalign", linmem.PageSize, uint64(size))
	if err != nil {
		panic(err)
	}
	if uint32(p) == 0 {
		return vfs.ENOMEM
	}
	b := g.Bytes(uint32(p), size)
	clear(b)
	if _, err := f.ReadAt(b[:length], off); err != nil {
		return err
	}
	if share {
		if err := g.Kernel.Mapped(f, uint32(p), size); err != nil {
			return err
		}
	}
	g.Store32(allocated, 1)
	g.Store32(addr, uint32(p))
	return nil
}
