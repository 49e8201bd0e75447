package pglite

import (
	"context"

	"github.com/calfdb/calf/pglite/internal/guest"
)

// Preload loads and compiles the guest, which the first Open does otherwise.
// On a machine that has not compiled it before, it takes some seconds of all
// processors; afterwards a fraction of a second. Only Assets, CacheDir,
// Logger and Progress of the configuration count.
func Preload(ctx context.Context, cfg Config) error {
	_, err := guest.Load(ctx, cfg.guest())
	return err
}

// guest says which guest a database runs on.
func (c Config) guest() guest.Config {
	return guest.Config{Assets: c.Assets, CacheDir: c.CacheDir, Logger: c.Logger, Progress: c.Progress}
}
