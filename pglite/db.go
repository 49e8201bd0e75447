package pglite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"sync"

	"github.com/calfdb/calf/internal/relay"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/pglite/internal/guest"
	"github.com/calfdb/calf/pglite/internal/serverlog"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/jackc/pgx/v5"
)

// A DB is an open database cluster: PostgreSQL running on one data directory.
// It is safe for concurrent use.
type DB struct {
	cfg     Config
	cluster *runtime.Cluster
	dir     string      // the data directory on the host, or ""
	vol     vfs.Volume  // what is in it
	release []io.Closer // the volume, then the lock

	// ctx ends when the DB is being closed, and then sessions do.
	ctx    context.Context
	cancel context.CancelFunc
	shared sharedPool

	listening sync.Mutex // guards listeners
	listeners []*listener

	closing  sync.Once
	closeErr error

	mu       sync.Mutex
	crash    *CrashError // the last one
	closed   bool
	sessions sync.WaitGroup
	open     int // how many sessions there are
}

// Open opens the database in a directory, or in memory if dir is Memory, with
// the default configuration.
func Open(ctx context.Context, dir string) (*DB, error) {
	return OpenConfig(ctx, Config{Dir: dir})
}

// OpenConfig opens a database. A directory that does not exist or is empty
// becomes a new database, or the one in [Config].Load; one that was not closed
// is recovered. Errors leave an existing directory as it is, and of a new one
// nothing.
//
// The context bounds the opening only. The DB must be closed.
func OpenConfig(ctx context.Context, cfg Config) (_ *DB, err error) {
	cfg, err = cfg.validate()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			name := cfg.Dir
			if name == "" {
				name = "a database in memory"
			}
			if v := (*VersionError)(nil); !errors.As(err, &v) {
				err = fmt.Errorf("pglite: opening %s: %w", name, err)
			}
		}
	}()
	db := &DB{cfg: cfg}
	db.shared.db = db
	db.ctx, db.cancel = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			db.cancel()
			db.releaseAll()
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	var dir *datadir.Dir
	if cfg.Dir != "" { // before the guest is loaded: what is wrong here is quickly told
		if dir, err = openUpgraded(ctx, cfg); err != nil {
			return nil, err
		}
		db.dir, db.release = dir.Path, append(db.release, dir)
	}
	mod, err := guest.Load(ctx, cfg.guest())
	if err != nil {
		return nil, err
	}
	if err := db.openVolume(ctx, mod, dir); err != nil {
		return nil, err
	}
	if err := db.checkICU(); err != nil {
		return nil, err
	}
	cfg.Progress("starting PostgreSQL")
	db.cluster, err = mod.Start(ctx, runtime.ClusterConfig{
		Data:         db.vol,
		Settings:     db.settings(),
		Files:        db.files(),
		ICU:          cfg.ICU,
		MemoryLimit:  cfg.MemoryLimit,
		NoBackground: cfg.NoBackground,
		CopyMemory:   cfg.copyMemory,
		Log:          db.log,
		OnCrash:      db.crashed,
		OnReload:     cfg.OnReload,
	})
	if err != nil {
		return nil, err
	}
	err = db.markICU()
	if err == nil {
		err = db.createExtensions(ctx)
	}
	if err == nil && dir != nil {
		err = dir.Complete()
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openUpgraded opens the data directory, and upgrades it before if it has to be
// and the configuration says so.
func openUpgraded(ctx context.Context, cfg Config) (*datadir.Dir, error) {
	if cfg.Load != nil {
		return datadir.OpenNew(cfg.Dir)
	}
	dir, err := datadir.Open(cfg.Dir)
	if cfg.Upgrade == nil || !datadir.Upgradable(err) {
		return dir, err
	}
	if err := cfg.Upgrade(ctx, cfg); err != nil {
		return nil, fmt.Errorf("upgrading: %w", err)
	}
	return datadir.Open(cfg.Dir)
}

// openVolume opens the volume that holds the data directory. If there is no
// cluster in it, it makes one; the directory is not complete then.
func (db *DB) openVolume(ctx context.Context, mod *runtime.Module, dir *datadir.Dir) error {
	if dir == nil {
		return db.newMemory(ctx, mod)
	}
	sync := vfs.SyncFull
	if db.cfg.Durability == None {
		sync = vfs.SyncNone
	}
	host, err := vfs.OpenHost(dir.Path, vfs.HostOptions{Sync: sync})
	if err != nil {
		return err
	}
	db.vol, db.release = host, append([]io.Closer{host}, db.release...)
	if !dir.Fresh {
		return nil
	}
	if err := dir.Begin(); err != nil {
		return err
	}
	return db.newCluster(ctx, mod)
}

// newMemory makes a volume in memory that has a cluster.
func (db *DB) newMemory(ctx context.Context, mod *runtime.Module) (err error) {
	switch {
	case db.cfg.Template != nil:
		db.vol = db.cfg.Template.vol.Fork()
	case db.cfg.Load == nil && db.cfg.initdb().IsDefault():
		db.cfg.Progress("making a new database")
		var mem *vfs.Memory
		mem, err = mod.Template(ctx)
		db.vol = mem
	default:
		db.vol = vfs.NewMemory(0)
		err = db.newCluster(ctx, mod)
	}
	if mem := db.vol.(*vfs.Memory); mem != nil {
		db.release = append(db.release, mem)
	}
	return err
}

// newCluster makes a cluster in an empty volume.
func (db *DB) newCluster(ctx context.Context, mod *runtime.Module) error {
	if db.cfg.Template != nil {
		db.cfg.Progress("copying the template")
		return copyVolume(db.vol, db.cfg.Template.vol)
	}
	if db.cfg.Load != nil {
		db.cfg.Progress("loading the archive")
		err := datadir.Unpack(ctx, db.cfg.Load, db.vol, db.cfg.LoadLimit)
		db.cfg.Load = nil
		if err != nil {
			return err
		}
		return datadir.CheckArchive(db.vol)
	}
	init := db.cfg.initdb()
	init.Log = db.log
	if init.IsDefault() {
		db.cfg.Progress("making a new database")
		return mod.CopyTemplate(ctx, db.vol)
	}
	db.cfg.Progress("making a new database with initdb")
	if mem, ok := db.vol.(*vfs.Memory); ok {
		return mod.InitDB(ctx, mem, init)
	}
	// initdb insists on an empty directory, and this one is locked and marked.
	mem := vfs.NewMemory(0)
	defer mem.Close()
	if err := mod.InitDB(ctx, mem, init); err != nil {
		return err
	}
	return copyVolume(db.vol, mem)
}

// copyVolume copies what is in memory to an empty volume.
func copyVolume(to vfs.Volume, from *vfs.Memory) error {
	return relay.Run(
		func(w io.Writer) error { return vfs.WriteTar(from, w, ".") },
		func(r io.Reader) error { return vfs.LoadTar(to, r, ".", vfs.TarOptions{}) })
}

// settings returns the parameters for the server's command line.
func (db *DB) settings() map[string]string {
	s := maps.Clone(db.cfg.Settings)
	set := func(name, value string) {
		if _, ok := s[name]; !ok {
			s[name] = value
		}
	}
	if db.cfg.HBA != "" {
		set("hba_file", hbaPath)
	}
	// What Durability promises counts more than postgresql.conf.
	onOff := func(on bool) string {
		if on {
			return "on"
		}
		return "off"
	}
	onDisk := db.cfg.Dir != ""
	set("fsync", onOff(onDisk && db.cfg.Durability != None))
	if onDisk {
		set("synchronous_commit", onOff(db.cfg.Durability != Relaxed))
	}
	if onDisk && db.cfg.Durability != None {
		set("full_page_writes", "on")
	}
	e := explicitSettings(db.vol, db.cfg.Settings)
	maps.Copy(s, addressSettings(e))
	if !onDisk {
		maps.Copy(s, memorySettings(db.vol, e))
	}
	return s
}

// hbaPath is where the guest finds Config.HBA.
const hbaPath = "/pglite/pg_hba.conf"

// files returns files for the guest.
func (db *DB) files() map[string][]byte {
	if db.cfg.HBA == "" {
		return nil
	}
	return map[string][]byte{hbaPath: []byte(db.cfg.HBA)}
}

func (db *DB) createExtensions(ctx context.Context) error {
	if len(db.cfg.Extensions) == 0 {
		return nil
	}
	conn, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, name := range db.cfg.Extensions {
		db.cfg.Progress("creating extension " + name)
		if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS "+pgx.Identifier{name}.Sanitize()+" CASCADE"); err != nil {
			return fmt.Errorf("creating extension %s: %w", name, err)
		}
	}
	return nil
}

// adminShutdown is the SQLSTATE of sessions that are ended by a shutdown.
const adminShutdown = "57P01"

// log passes a message of the server on to the logger.
func (db *DB) log(m runtime.LogMessage) {
	level := serverlog.Level(m)
	if m.SQLState == adminShutdown && db.isClosed() { // that is what Close is for
		level = slog.LevelInfo
	}
	serverlog.Write(db.cfg.Logger, level, m)
}

func (db *DB) crashed(e *CrashError) {
	db.mu.Lock()
	db.crash = e
	db.mu.Unlock()
	db.cfg.Logger.Error("PostgreSQL crashed and restarts", "error", e)
}

// LastCrash returns what is known of the last crash of PostgreSQL since Open, or
// nil if there was none.
func (db *DB) LastCrash() *CrashError {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.crash
}
