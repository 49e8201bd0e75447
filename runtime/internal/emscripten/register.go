package emscripten

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// functions are the host functions by import name. The module that a name is
// imported from (env or wasi_snapshot_preview1) does not matter: Emscripten
// gives no name twice.
var functions = map[string]func(*Guest, args){}

func define(name string, f func(*Guest, args)) {
	if functions[name] != nil {
		panic("BUG: " + name + " is defined twice")
	}
	functions[name] = f
}

// Builder collects the imports of programs and instantiates the host modules
// that satisfy them.
type Builder struct {
	rt      wazero.Runtime
	modules map[string]wazero.HostModuleBuilder
	done    map[string]bool
}

// NewBuilder returns a builder for host modules of rt.
func NewBuilder(rt wazero.Runtime) *Builder {
	return &Builder{rt: rt, modules: map[string]wazero.HostModuleBuilder{}, done: map[string]bool{}}
}

// Function defines a host function. One that is there already is left as it is.
func (b *Builder) Function(im link.Import, f func(*Guest, []uint64)) {
	key := im.Module + "." + im.Name
	if b.done[key] {
		return
	}
	b.done[key] = true
	if b.modules[im.Module] == nil {
		b.modules[im.Module] = b.rt.NewHostModuleBuilder(im.Module)
	}
	b.modules[im.Module].NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
		f(ctx.(*Guest), stack)
	}), im.Params, im.Results).Export(im.Name)
}

// Imports defines the functions that a program imports, but for those from the
// skipped modules and those that are defined. One that this package does not
// know is an error: the program must not run on guesses.
func (b *Builder) Imports(imports []link.Import, skip ...string) error {
	for _, im := range imports {
		if slices.Contains(skip, im.Module) || b.done[im.Module+"."+im.Name] {
			continue
		}
		f := Lookup(im.Name)
		if f == nil {
			return fmt.Errorf("emscripten: unknown import %s.%s", im.Module, im.Name)
		}
		b.Function(im, f)
	}
	return nil
}

// Instantiate instantiates the host modules.
func (b *Builder) Instantiate(ctx context.Context) error {
	for name, m := range b.modules {
		if _, err := m.Instantiate(ctx); err != nil {
			return fmt.Errorf("emscripten: instantiating host module %s: %w", name, err)
		}
	}
	return nil
}

// Lookup returns the host function for an import, or nil.
func Lookup(name string) func(*Guest, []uint64) {
	f := functions[name]
	if f == nil {
		sig, ok := strings.CutPrefix(name, "invoke_")
		if !ok {
			return nil
		}
		f = invoke(sig)
	}
	return func(g *Guest, stack []uint64) { f(g, stack) }
}
