package pglite

import (
	"context"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/lazy"
	"github.com/calfdb/calf/runtime"
)

// dumpers are the pg_dumps that were loaded. As with modules, there is one,
// unless databases have assets of their own.
var dumpers lazy.Map[*assets.Set, *runtime.Tool]

// loadDumper returns pg_dump, loading it if need be.
func loadDumper(ctx context.Context, cfg Config) (*runtime.Tool, error) {
	set, err := cfg.assets()
	if err != nil {
		return nil, err
	}
	return dumpers.Get(ctx, set, func() (*runtime.Tool, error) {
		return runtime.LoadTool(ctx, cfg.runtime(set), "pg_dump")
	})
}
