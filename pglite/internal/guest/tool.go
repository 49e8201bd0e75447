package guest

import (
	"context"
	"sync"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime"
)

// tools are the programs of the guest that were loaded. As with modules, there
// is one of each, unless databases have assets of their own.
var tools struct {
	sync.Mutex
	byAssets map[*assets.Set]*runtime.Tool
}

// LoadDumper returns pg_dump, loading it if need be.
func LoadDumper(ctx context.Context, cfg Config) (*runtime.Tool, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	set := cfg.Assets
	tools.Lock()
	defer tools.Unlock()
	if t := tools.byAssets[set]; t != nil {
		return t, nil
	}
	t, err := runtime.LoadTool(ctx, runtime.Config{Assets: set, CacheDir: cfg.CacheDir}, "pg_dump")
	if err != nil {
		return nil, err
	}
	if tools.byAssets == nil {
		tools.byAssets = map[*assets.Set]*runtime.Tool{}
	}
	tools.byAssets[set] = t
	return t, nil
}
