package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"sync"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/icudata"
	"github.com/calfdb/calf/internal/lazy"
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
	engine *engine
	main   wazero.CompiledModule
	data   []byte            // initial memory of main
	slots  map[string]uint32 // exported functions of main in its table
	legacy bool              // main is an earlier PostgreSQL
	fs     *vfs.FS           // what every cluster has: programs, libraries, share

	libraries lazy.Map[[sha256.Size]byte, *library]   // by content hash
	programs  lazy.Map[string, wazero.CompiledModule] // by asset name

	mu     sync.Mutex
	hosted map[string]bool // functions of the host module env

	vessels vessels

	templateMu sync.Mutex
	template   *vfs.Memory // what Template forks
}

// Config configures a Module.
type Config struct {
	// Assets are the guest's files.
	Assets *assets.Set
	// CacheDir is where compiled code is kept, for all programs that name it; ""
	// keeps none. Of programs that start together, one compiles and the others
	// wait. A folder that cannot be written is no error.
	CacheDir string
	// Logger is told what is compiled, and if it cannot be kept; nil tells
	// nobody.
	Logger *slog.Logger
	// Interpret has PostgreSQL interpreted, as is done where it cannot be
	// compiled (see Capabilities.Compiler). It is meant for tests.
	Interpret bool
}

// Load links and compiles PostgreSQL, or loads what has been compiled before.
func Load(ctx context.Context, cfg Config) (*Module, error) {
	m, err := load(ctx, cfg, linkedMain)
	if err != nil {
		return nil, err
	}
	if err := addICU(m.fs, icudata.Supplement()); err != nil {
		return nil, errors.Join(fmt.Errorf("runtime: loading PostgreSQL: %w", err), m.Close())
	}
	return m, nil
}

// load is Load of the module that a function links.
func load(ctx context.Context, cfg Config, linker func(*assets.Set) (*link.Linked, error)) (_ *Module, err error) {
	m := &Module{assets: cfg.Assets, engine: newEngine(ctx, cfg), hosted: map[string]bool{}}
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
	if m.main, err = m.engine.compile(ctx, "PostgreSQL", linked.Wasm); err != nil {
		return nil, err
	}
	if err := m.instantiateHost(ctx, linked.Imports); err != nil {
		return nil, err
	}
	return m, m.loadFiles()
}

// Close releases the module. All clusters must have been closed.
func (m *Module) Close() error {
	m.vessels.close()
	m.templateMu.Lock()
	defer m.templateMu.Unlock()
	if m.template != nil {
		m.template.Close()
		m.template = nil
	}
	return m.engine.close()
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
	b := emscripten.NewBuilder(m.engine)
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
	return m.engine.InstantiateModule(withMemory(mem), m.main, wazero.NewModuleConfig().WithName("").WithStartFunctions())
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
