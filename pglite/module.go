package pglite

import (
	"context"
	"sync"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/lazy"
	"github.com/calfdb/calf/runtime"
)

// modules are the loaded guests. A program has one, unless it opens databases
// with assets of its own.
var modules lazy.Map[*assets.Set, *runtime.Module]

// found is what assets.Open found.
var found struct {
	sync.Mutex
	set *assets.Set
}

// assets returns the guest's files.
func (c Config) assets() (*assets.Set, error) {
	if c.Assets != nil {
		return c.Assets, nil
	}
	found.Lock()
	defer found.Unlock()
	if found.set == nil {
		set, err := assets.Open()
		if err != nil {
			return nil, err
		}
		found.set = set
	}
	return found.set, nil
}

// Preload loads and compiles the guest, which the first Open does otherwise.
// On a machine that has not compiled it before, it takes some seconds of all
// processors; afterwards a fraction of a second. Only Assets, CacheDir,
// Logger and Progress of the configuration count.
func Preload(ctx context.Context, cfg Config) error {
	cfg, err := cfg.validate()
	if err != nil {
		return err
	}
	_, err = loadModule(ctx, cfg)
	return err
}

// loadModule returns the guest, loading it if need be.
func loadModule(ctx context.Context, cfg Config) (*runtime.Module, error) {
	set, err := cfg.assets()
	if err != nil {
		return nil, err
	}
	return modules.Get(ctx, set, func() (*runtime.Module, error) {
		cfg.Progress("loading PostgreSQL")
		return runtime.Load(ctx, cfg.runtime(set))
	})
}

// runtime is what package runtime has to know of the configuration.
func (c Config) runtime(set *assets.Set) runtime.Config {
	return runtime.Config{Assets: set, CacheDir: c.CacheDir, Logger: c.Logger}
}
