package upgrade

import (
	"errors"

	"github.com/calfdb/calf/pglite/internal/datadir"
)

// WithoutExchange makes upgrades do without exchanging directories in one step,
// as on systems that cannot.
func WithoutExchange() { datadir.Swap = func(string, string) error { return errors.ErrUnsupported } }

// NewUpgradeDir makes the new directory for an upgrade, if there is space for that many bytes.
func NewUpgradeDir(dir string, need uint64) error { return datadir.NewExchange(dir, "17").Make(need) }
