package guest

import (
	"context"
	"log/slog"
	"sync"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/lazy"
	"github.com/calfdb/calf/runtime"
)

// A Config says which guest is meant, and where its compiled code is kept. The zero value means the defaults.
type Config struct {
	Assets   *assets.Set
	CacheDir string
	Logger   *slog.Logger // of what loading notices, or nil
	Progress func(doing string)
}

// complete fills in the defaults.
func (c Config) Complete() (_ Config, err error) {
	if c.Assets == nil {
		if c.Assets, err = installed(); err != nil {
			return c, err
		}
	}
	if c.CacheDir == "" {
		if c.CacheDir, err = runtime.DefaultCacheDir(); err != nil {
			return c, err
		}
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	return c, nil
}

// found is what assets.Open found.
var found struct {
	sync.Mutex
	set *assets.Set
}

// installed returns the guest's files that assets.Open finds. Failures are not remembered.
func installed() (*assets.Set, error) {
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

// modules are the loaded guests. A program has one, unless it opens databases
// with assets of its own.
var modules lazy.Map[*assets.Set, *runtime.Module]

// Load returns PostgreSQL, loading it if need be. Failures are not remembered.
func Load(ctx context.Context, cfg Config) (*runtime.Module, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	return modules.Get(ctx, cfg.Assets, func() (*runtime.Module, error) {
		cfg.Progress("loading PostgreSQL")
		return runtime.Load(ctx, cfg.Runtime())
	})
}

// Runtime is what package runtime has to know of the configuration.
func (c Config) Runtime() runtime.Config {
	return runtime.Config{Assets: c.Assets, CacheDir: c.CacheDir, Logger: c.Logger}
}
