package runtime

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// A library is a shared library, linked and compiled. It is made once per
// Module, however many processes load it.
type library struct {
	*link.Library
	compiled wazero.CompiledModule
}

// library returns the library with this content; its name is for messages.
func (m *Module) library(name string, content []byte) (*library, error) {
	return m.libraries.Get(background, sha256.Sum256(content), func() (*library, error) {
		linked, err := link.Side(content, m.provider)
		if err != nil {
			return nil, err
		}
		l := &library{Library: linked}
		if len(l.Undefined) > 0 {
			return nil, &undefinedError{l.Undefined}
		}
		if l.compiled, err = m.engine.compile(background, name, linked.Wasm); err != nil {
			return nil, err
		}
		return l, m.hostFor(l.Imports)
	})
}

// hostLibrary is the host module that has what libraries import and the main
// module does not. Its name has the name of the function in it: a host module
// cannot be added to.
const hostLibrary = "env:"

// provider tells where a function comes from that a library imports.
func (m *Module) provider(function string) string {
	if _, ok := m.slots[function]; ok {
		return link.MainModule
	}
	if m.hostFunction(function) != nil {
		return hostLibrary + function
	}
	return ""
}

// hostFunction returns the host's function of a name, or nil.
func (m *Module) hostFunction(name string) func(*emscripten.Guest, []uint64) {
	if f := conversions[name]; f != nil && !m.legacy {
		return func(g *emscripten.Guest, stack []uint64) { f(g.Owner.(*process), stack) }
	}
	return emscripten.Lookup(name)
}

// hostFor instantiates the host functions that a library imports.
func (m *Module) hostFor(imports []link.Import) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := emscripten.NewBuilder(m.engine)
	for _, im := range imports {
		if im.Module != link.MainModule && !m.hosted[im.Name] {
			m.hosted[im.Name] = true
			b.Function(im, m.hostFunction(im.Name))
		}
	}
	return b.Instantiate(background)
}

// A loadedLibrary is a library in the memory of a process. Clones of the
// process inherit it.
type loadedLibrary struct {
	*library
	handle                uint32 // the guest's struct dso
	memoryBase, tableBase uint32
	got                   []uint32
}

// inherit makes the library's instance in a process that was cloned from one
// that has the library. Libraries are inherited in the order of loading.
func (l *loadedLibrary) inherit(p *process) error {
	base, err := p.guest.Call(link.GrowTable, uint64(l.TableSize))
	if err != nil {
		return err
	}
	if uint32(base) != l.tableBase {
		return fmt.Errorf("BUG: a library's slots moved from %d to %d", l.tableBase, uint32(base))
	}
	_, err = l.instantiate(p)
	return err
}

// instantiate makes the library's instance in a process: code, table slots and
// globals, but nothing in memory.
func (l *loadedLibrary) instantiate(p *process) (api.Module, error) {
	ctx := experimental.WithImportResolver(context.Background(), func(name string) api.Module {
		if name == link.MainModule {
			return p.guest.Module()
		}
		return nil
	})
	inst, err := p.host.module().engine.InstantiateModule(ctx, l.compiled,
		wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, err
	}
	set := func(name string, v uint32) {
		if g, ok := inst.ExportedGlobal(name).(api.MutableGlobal); ok {
			g.Set(uint64(v))
		}
	}
	set(link.MemoryBase, l.memoryBase)
	set(link.TableBase, l.tableBase)
	for i, e := range l.GOT {
		set(e.Global, l.got[i])
	}
	if _, err := inst.ExportedFunction(link.Init).Call(p.guest); err != nil {
		inst.Close(ctx)
		return nil, err
	}
	p.modules = append(p.modules, inst)
	p.guest.AddLibrary(inst)
	return inst, nil
}
