package emscripten

import (
	"context"
	"fmt"
	"strings"

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

// Function defines a host function of the module that the caller names.
func (b *Builder) Function(module, name string, params, results []api.ValueType, f func(*Guest, []uint64)) {
	key := module + "." + name
	if b.done[key] {
		return
	}
	b.done[key] = true
	if b.modules[module] == nil {
		b.modules[module] = b.rt.NewHostModuleBuilder(module)
	}
	b.modules[module].NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
		f(ctx.(*Guest), stack)
	}), params, results).Export(name)
}

// Imports defines what cm imports, but for imports from the skipped modules.
// An import that this package does not know is an error: the program must not
// run on guesses.
func (b *Builder) Imports(cm wazero.CompiledModule, skip ...string) error {
	for _, d := range cm.ImportedFunctions() {
		module, name, _ := d.Import()
		if contains(skip, module) {
			continue
		}
		f := Lookup(name)
		if f == nil {
			return fmt.Errorf("emscripten: unknown import %s.%s", module, name)
		}
		b.Function(module, name, d.ParamTypes(), d.ResultTypes(), f)
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

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
