package guest

import (
	"context"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/lazy"
	"github.com/calfdb/calf/runtime"
)

// dumpers are the pg_dumps that were loaded. As with modules, there is one,
// unless databases have assets of their own.
var dumpers lazy.Map[*assets.Set, *runtime.Tool]

// LoadDumper returns pg_dump, loading it if need be.
func LoadDumper(ctx context.Context, cfg Config) (*runtime.Tool, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	return dumpers.Get(ctx, cfg.Assets, func() (*runtime.Tool, error) {
		return runtime.LoadTool(ctx, cfg.Runtime(), "pg_dump")
	})
}
