package upgrade

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/datadir"
)

var (
	// ErrUpToDate is wrapped by the error of Upgrade for a data directory that
	// is of this version.
	ErrUpToDate = errors.New("the data directory is of this version already")
	// ErrImpossible is wrapped by the error of Upgrade for a directory that
	// has what cannot be moved. The text says what.
	ErrImpossible = errors.New("the data directory cannot be upgraded")
)

// Config says what to upgrade.
type Config struct {
	// Dir is the data directory.
	Dir string
	// Without are extensions that are left out, because there are none for this
	// version. That fails if anything needs one.
	Without []string
	// ICU is as in Config. Collations that need it cannot be moved without.
	ICU *pglite.ICUData
	// Progress is told what is being done; nil tells nobody.
	Progress func(doing string)
	// Logger gets the server logs, of the old version and of the new one; nil
	// discards them.
	Logger *slog.Logger
	// Assets and CacheDir are as in Config. The packages of the old version are
	// found by assets.OpenGroup.
	Assets   *assets.Set
	CacheDir string
}

// A Plan is what an upgrade found, and what it will do.
type Plan struct {
	// Dir is the data directory; From and To are the versions of PostgreSQL.
	Dir  string `json:"dir"`
	From string `json:"from"`
	To   string `json:"to"`
	// Backup is where the old directory will be kept.
	Backup string `json:"backup"`
	// Size is what the old databases have, in bytes.
	Size int64 `json:"size"`
	// Databases, Roles and Settings are what is moved. Settings are those of the
	// configuration files that somebody chose, as name = value.
	Databases []Database `json:"databases"`
	Roles     []string   `json:"roles"`
	Settings  []string   `json:"settings,omitempty"`
	// Problems are why the directory cannot be upgraded; it can if there are
	// none. Notes are what will not be as it was.
	Problems []string `json:"problems,omitempty"`
	Notes    []string `json:"notes,omitempty"`
}

// A Database is a database that is moved.
type Database struct {
	// Name is the database's, and Target the name that it will have.
	Name   string `json:"name"`
	Target string `json:"target"`
	// Size is in bytes.
	Size         int64 `json:"size"`
	Tables       int64 `json:"tables"`
	LargeObjects int64 `json:"large_objects"`
	// Extensions have the versions that they had, as in "vector 0.8.0".
	Extensions []string `json:"extensions,omitempty"`
}

// A Report is what an upgrade did.
type Report struct {
	Plan
	// Tables, Rows, Sequences and LargeObjects are what was compared.
	Tables       int64 `json:"tables"`
	Rows         int64 `json:"rows"`
	Sequences    int64 `json:"sequences"`
	LargeObjects int64 `json:"large_objects"`
	// Duration is what it took, in nanoseconds.
	Duration time.Duration `json:"duration"`
}

// DryRun looks at a data directory of an earlier PGlite and returns what
// Run would do. The directory is not changed.
//
// The old version of PostgreSQL runs on a copy of the directory that is made as
// it is written, in a temporary file beside it. Its packages are installed by
// `calf assets install --legacy`; if they are not, the error says so and is
// assets.ErrAssetsMissing.
func DryRun(ctx context.Context, cfg Config) (*Plan, error) {
	u, err := begin(ctx, cfg)
	if err == nil {
		defer u.close()
		err = u.look(ctx)
	}
	if err != nil {
		return nil, wrap("planning the upgrade of", cfg.Dir, err)
	}
	return &u.plan, nil
}

// Run makes a data directory of PGlite 0.2 (PostgreSQL 16), 0.3 or 0.4
// (PostgreSQL 17) one of the version that this program runs.
//
// A new directory is made beside the old one, and what is in the old one moves
// there: roles, databases and their settings, schemas and data by pg_dump,
// large objects, extensions, comments, and settings of the configuration files.
// Then the rows of each table are counted and summed up on both sides, and
// sequences and large objects compared. Only if all is equal, the new directory
// takes the old one's place, and the old one is kept with a name that ends in
// .pg16.bak or .pg17.bak, until somebody removes it. An upgrade that fails or is
// interrupted leaves the old directory as it is; one that is interrupted while
// the directories change places is completed when the directory is opened, or
// upgraded, again.
//
// PGlite 0.2 and 0.3 had their data in the database template1, unless told
// otherwise. It moves to postgres, where PGlite 0.5 and calf look for it, unless
// there is something already; then both keep their names.
//
// The directory must not be in use. Other processes of calf are kept out by a
// lock; a program under Node is not, and if it changes the directory meanwhile,
// the upgrade fails.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	report, err := run(ctx, cfg)
	if err != nil {
		return nil, wrap("upgrading", cfg.Dir, err)
	}
	return report, nil
}

// Directory is for [pglite.Config].Upgrade: it upgrades the data directory that is being opened. One that somebody
// else has upgraded meanwhile is fine.
func Directory(ctx context.Context, cfg pglite.Config) error {
	_, err := run(ctx, Config{
		Dir: cfg.Dir, ICU: cfg.ICU, Progress: cfg.Progress, Logger: cfg.Logger, Assets: cfg.Assets, CacheDir: cfg.CacheDir,
	})
	if errors.Is(err, ErrUpToDate) {
		return nil
	}
	return err
}

func run(ctx context.Context, cfg Config) (*Report, error) {
	start := time.Now()
	u, err := begin(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer u.close()
	if err := u.look(ctx); err != nil {
		return nil, err
	}
	if len(u.plan.Problems) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrImpossible, strings.Join(u.plan.Problems, "; "))
	}
	if err := u.run(ctx); err != nil {
		return nil, err
	}
	u.report.Plan, u.report.Duration = u.plan, time.Since(start)
	return &u.report, nil
}

// wrap says which directory an error is about, unless it does.
func wrap(doing, dir string, err error) error {
	if v := (*datadir.VersionError)(nil); errors.As(err, &v) {
		return err
	}
	return fmt.Errorf("upgrade: %s %s: %w", doing, dir, err)
}
