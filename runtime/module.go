package runtime

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"sync"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// maxMemory is the largest memory that a process can have: what Emscripten's
// build allows.
const maxMemory = 2 << 30

// A Module is PostgreSQL, linked and compiled. A Go process needs one; every
// cluster and every process of it is made from it. It is safe for concurrent
// use.
type Module struct {
	assets *assets.Set
	rt     wazero.Runtime
	main   wazero.CompiledModule
	data   []byte            // initial memory of main
	slots  map[string]uint32 // exported functions of main in its table
	fs     *vfs.FS           // what every cluster has: programs, libraries, share

	mu        sync.Mutex
	libraries map[string]*library              // by content hash
	hosted    map[string]bool                  // functions of the host module env
	programs  map[string]wazero.CompiledModule // by asset name

	vessels vessels

	templateMu sync.Mutex
	template   *vfs.Memory // what Template forks
}

// Config configures a Module.
type Config struct {
	// Assets are the guest's files.
	Assets *assets.Set
	// CacheDir is where compiled code is kept; "" keeps none.
	CacheDir string
	// Interpret has PostgreSQL interpreted, as is done where it cannot be
	// compiled (see Capabilities.Compiler). It is meant for tests.
	Interpret bool
}

// Load links and compiles PostgreSQL, or loads what has been compiled before.
func Load(ctx context.Context, cfg Config) (*Module, error) {
	return load(ctx, cfg, linkedMain)
}

// load is Load of the module that a function links.
func load(ctx context.Context, cfg Config, linker func(*assets.Set) (*link.Linked, error)) (_ *Module, err error) {
	rc, err := cfg.runtimeConfig()
	if err != nil {
		return nil, err
	}
	ctx = experimental.WithCompilationWorkers(ctx, compilationWorkers())
	m := &Module{
		assets:    cfg.Assets,
		rt:        wazero.NewRuntimeWithConfig(ctx, rc),
		libraries: map[string]*library{},
		programs:  map[string]wazero.CompiledModule{},
		hosted:    map[string]bool{},
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("runtime: loading PostgreSQL: %w", err)
			m.Close()
		}
	}()
	linked, err := linker(cfg.Assets)
	if err != nil {
		return nil, err
	}
	m.data, m.slots = linked.Data, linked.Functions
	if m.main, err = m.rt.CompileModule(ctx, linked.Wasm); err != nil {
		return nil, err
	}
	if err := m.instantiateHost(ctx, linked.Imports); err != nil {
		return nil, err
	}
	return m, m.loadFiles()
}

// runtimeConfig returns the configuration of an engine.
func (cfg Config) runtimeConfig() (wazero.RuntimeConfig, error) {
	rc := wazero.NewRuntimeConfig()
	if cfg.Interpret {
		rc = wazero.NewRuntimeConfigInterpreter()
	}
	rc = rc.WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(maxMemory / linmem.PageSize).
		WithDebugInfoEnabled(false)
	if cfg.CacheDir == "" {
		return rc, nil
	}
	cache, err := wazero.NewCompilationCacheWithDir(cfg.CacheDir)
	if err != nil {
		return nil, fmt.Errorf("runtime: opening the compilation cache: %w", err)
	}
	return rc.WithCompilationCache(cache), nil
}

// Close releases the module. All clusters must have been closed.
func (m *Module) Close() error {
	m.vessels.close()
	return m.rt.Close(background)
}

// linkedInfo is what the derived file linkedTable holds, in JSON.
type linkedInfo struct {
	Functions map[string]uint32
	Imports   []link.Import
}

// linkedMain returns the linked main module: made at installation, or now.
func linkedMain(set *assets.Set) (*link.Linked, error) {
	var l link.Linked
	var table []byte
	for name, to := range map[string]*[]byte{linkedWasm: &l.Wasm, linkedData: &l.Data, linkedTable: &table} {
		b, ok, err := set.Derived(name, link.Version)
		if err != nil {
			return nil, err
		}
		if !ok {
			artifact, err := set.ReadFile("pglite.wasm")
			if err != nil {
				return nil, err
			}
			return link.Main(artifact)
		}
		*to = b
	}
	var info linkedInfo
	err := json.Unmarshal(table, &info)
	l.Functions, l.Imports = info.Functions, info.Imports
	return &l, err
}

// instantiateHost provides what the guest imports.
func (m *Module) instantiateHost(ctx context.Context, imports []link.Import) error {
	b := emscripten.NewBuilder(m.rt)
	if err := b.Imports(imports, link.Hooks); err != nil {
		return err
	}
	defineHooks(b, imports)
	return b.Instantiate(ctx)
}

// loadFiles makes the part of the file system that all clusters have.
func (m *Module) loadFiles() error {
	files, err := m.assets.Files()
	if err != nil {
		return err
	}
	m.fs = vfs.New(vfs.Options{})
	for _, f := range files {
		mode := uint32(0o555)
		if path.Base(f.Path) == ".pgpass" {
			mode = 0o600
		}
		if err := m.fs.WriteFile(f.Path, f.Content, mode); err != nil {
			return fmt.Errorf("unpacking %s: %w", f.Path, err)
		}
	}
	return nil
}

// instantiate makes an instance of main whose memory is mem.
func (m *Module) instantiate(mem *linmem.Memory) (api.Module, error) {
	return m.rt.InstantiateModule(withMemory(mem), m.main, wazero.NewModuleConfig().WithName("").WithStartFunctions())
}

// withMemory returns a context in which a module is instantiated on mem.
func withMemory(mem *linmem.Memory) context.Context {
	return experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(
		func(_, _ uint64) experimental.LinearMemory { return firstSize{mem} }))
}

// firstSize is a memory that wazero sees with all the size that it has, also
// if the module declares less: a clone starts with the size of its image.
type firstSize struct{ *linmem.Memory }

func (m firstSize) Reallocate(size uint64) []byte {
	return m.Memory.Reallocate(max(size, uint64(len(m.Bytes()))))
}
