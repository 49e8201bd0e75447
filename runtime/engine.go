package runtime

import (
	"context"
	"errors"
	"log/slog"
	"runtime"

	"github.com/calfdb/calf/runtime/internal/codecache"
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// An engine is a runtime of wazero with the cache of what it compiles.
type engine struct {
	wazero.Runtime
	code *codecache.Cache
}

// newEngine returns an engine for a configuration.
func newEngine(ctx context.Context, cfg Config) *engine {
	e := &engine{}
	rc := wazero.NewRuntimeConfig()
	switch {
	case cfg.Interpret:
		rc = wazero.NewRuntimeConfigInterpreter()
	case cfg.CacheDir != "":
		log := cfg.Logger
		if log == nil {
			log = slog.New(slog.DiscardHandler)
		}
		e.code = codecache.Open(cfg.CacheDir, log)
	}
	rc = rc.WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(maxMemory / linmem.PageSize).
		WithDebugInfoEnabled(false)
	e.Runtime = wazero.NewRuntimeWithConfig(ctx, e.code.Config(rc))
	return e
}

// compile compiles a module on all processors, or loads what was compiled
// before. It ends with ctx. What names the module for the logger.
func (e *engine) compile(ctx context.Context, what string, wasm []byte) (wazero.CompiledModule, error) {
	return e.code.Compile(experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0)), e.Runtime, what, wasm)
}

// close releases all that the engine has.
func (e *engine) close() error { return errors.Join(e.Runtime.Close(background), e.code.Close()) }
