package runtime

import (
	"errors"
	"fmt"
	"math/bits"
	"path"
	"strings"

	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/vfs"
)

// Offsets in struct dso of Emscripten's C library (dynlink.c): what the loader
// reads and writes.
const (
	dsoMemAllocated = 8
	dsoMemAddr      = 12
	dsoMemSize      = 16
	dsoTableAddr    = 20
	dsoTableSize    = 24
	dsoName         = 36
)

// DlOpen loads the library that a struct dso names. When it cannot, it leaves
// the process as it was and sets the message that dlerror(3) returns. What can
// never be had is PostgreSQL's error for that, at once.
func (p *process) DlOpen(handle uint32) bool {
	name := p.guest.CString(handle + dsoName)
	if err := p.dlopen(handle, name); err != nil {
		var undefined *undefinedError
		if errors.As(err, &undefined) && !p.host.module().legacy {
			p.raise(undefined.refusal(name))
		}
		p.dlerror(fmt.Sprintf("%s: %v", name, err))
		return false
	}
	return true
}

// DlSym returns the address of a variable, or the slot in the table of a
// function, of a loaded library or, with handle 0, of the program.
func (p *process) DlSym(handle uint32, name string) (uint32, bool) {
	for i := range p.libraries {
		if l := &p.libraries[i]; l.handle == handle {
			if slot, ok := l.Functions[name]; ok {
				return l.tableBase + slot, true
			}
			if off, ok := l.Variables[name]; ok {
				return l.memoryBase + off, true
			}
		}
	}
	if handle == 0 {
		if slot, ok := p.host.module().slots[name]; ok {
			return slot, true
		}
	}
	p.dlerror(fmt.Sprintf("Symbol not found: %s", name))
	return 0, false
}

// dlerror sets the message of dlerror(3).
func (p *process) dlerror(msg string) {
	g := p.guest
	text := g.NewString(strings.ReplaceAll(msg, "%", "%%")) // it is a format
	args := g.Malloc(8)                                     // and has no arguments
	if _, err := g.Call("__dl_seterr", uint64(text), uint64(args)); err != nil {
		panic(err)
	}
	p.free(text)
	p.free(args)
}

func (p *process) free(addr uint32) {
	if _, err := p.guest.Call("free", uint64(addr)); err != nil {
		panic(err)
	}
}

// maxLibrary bounds the size of a library file: the largest, pgcrypto, has 3 MB.
const maxLibrary = 64 << 20

func (p *process) dlopen(handle uint32, name string) error {
	content, err := p.readFile(name, maxLibrary)
	if err != nil {
		return err
	}
	lib, err := p.host.module().library(path.Base(name), content)
	if err != nil {
		return err
	}
	l := loadedLibrary{library: lib, handle: handle}
	if l.got, err = p.resolve(&l); err != nil { // before anything is allocated
		return err
	}
	if l.memoryBase, err = p.allocate(lib.MemSize, lib.MemAlign); err != nil {
		return err
	}
	base, err := p.guest.Call(link.GrowTable, uint64(lib.TableSize))
	if err != nil || uint32(base) == ^uint32(0) {
		p.free(l.memoryBase)
		return errors.Join(errors.New("the table of functions is full"), err)
	}
	l.tableBase = uint32(base)
	if l.got, err = p.resolve(&l); err != nil {
		return err
	}
	mem := p.guest.Bytes(l.memoryBase, lib.MemSize)
	clear(mem)
	copy(mem, lib.Data)
	inst, err := l.instantiate(p)
	if err != nil {
		return err
	}
	p.libraries = append(p.libraries, l)
	g := p.guest
	g.Bytes(handle+dsoMemAllocated, 1)[0] = 1
	g.Store32(handle+dsoMemAddr, l.memoryBase)
	g.Store32(handle+dsoMemSize, lib.MemSize)
	g.Store32(handle+dsoTableAddr, l.tableBase)
	g.Store32(handle+dsoTableSize, lib.TableSize)
	for _, f := range []string{"__wasm_apply_data_relocs", "__wasm_call_ctors"} {
		if fn := inst.ExportedFunction(f); fn != nil {
			if _, err := fn.Call(g); err != nil {
				panic(err)
			}
		}
	}
	return nil
}

// allocate returns zeroed memory of the guest.
func (p *process) allocate(size, align uint32) (uint32, error) {
	if bits.OnesCount32(align) != 1 {
		return 0, fmt.Errorf("alignment %d", align)
	}
	addr, err := p.guest.Call("emscripten_builtin_memalign", uint64(max(align, 16)), uint64(max(size, 1)))
	if err != nil {
		panic(err)
	}
	if uint32(addr) == 0 {
		return 0, errors.New("out of memory")
	}
	return uint32(addr), nil
}

// resolve returns the addresses of the symbols in a library's GOT. The first
// definition counts, in the order of loading, the program's before all.
func (p *process) resolve(l *loadedLibrary) ([]uint32, error) {
	got := make([]uint32, len(l.GOT))
	var undefined []string
	for i, e := range l.GOT {
		addr, ok := p.symbol(e, l)
		if !ok && !e.Weak {
			undefined = append(undefined, e.Symbol)
		}
		got[i] = addr
	}
	if undefined != nil {
		return nil, &undefinedError{undefined}
	}
	return got, nil
}

func (p *process) symbol(e link.GOTEntry, self *loadedLibrary) (uint32, bool) {
	if e.Function {
		if slot, ok := p.host.module().slots[e.Symbol]; ok {
			return slot, true
		}
	} else if v := p.guest.Module().ExportedGlobal(e.Symbol); v != nil {
		return uint32(v.Get()), true
	}
	for i := range len(p.libraries) + 1 {
		l := self // a library's own definition comes last
		if i < len(p.libraries) {
			l = &p.libraries[i]
		}
		if e.Function {
			if slot, ok := l.Functions[e.Symbol]; ok {
				return l.tableBase + slot, true
			}
		} else if off, ok := l.Variables[e.Symbol]; ok {
			return l.memoryBase + off, true
		}
	}
	return 0, false
}

// readFile reads a file of the guest.
func (p *process) readFile(path string, limit int64) ([]byte, error) {
	dir, err := p.guest.Files.Base(vfs.AT_FDCWD, path)
	if err != nil {
		return nil, err
	}
	f, err := p.guest.FS.OpenAt(dir, path, vfs.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size > limit {
		return nil, fmt.Errorf("file of %d bytes", st.Size)
	}
	b := make([]byte, st.Size)
	n, err := f.ReadAt(b, 0)
	return b[:n], err
}
