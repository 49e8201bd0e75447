package pglite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/calfdb/calf/internal/relay"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A DB is an open database cluster: PostgreSQL running on one data directory.
// It is safe for concurrent use.
type DB struct {
	cfg     Config
	cluster *runtime.Cluster
	dir     string      // the data directory on the host, or ""
	vol     vfs.Volume  // what is in it
	release []io.Closer // the volume, then the lock

	// Sessions end when ctx does.
	ctx      context.Context
	cancel   context.CancelFunc
	sessions sync.WaitGroup

	listening sync.Mutex // guards listeners
	listeners []*listener

	mu     sync.Mutex
	pool   *pgxpool.Pool // of Exec, Query and QueryRow
	crash  *CrashError   // the last one
	closed bool
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
	var dir *directory
	if cfg.Dir != "" { // before the guest is loaded: what is wrong here is quickly told
		if dir, err = openUpgraded(ctx, cfg); err != nil {
			return nil, err
		}
		db.dir, db.release = dir.path, append(db.release, dir)
	}
	mod, err := loadModule(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := db.openVolume(ctx, mod, dir); err != nil {
		return nil, err
	}
	cfg.Progress("starting PostgreSQL")
	db.cluster, err = mod.Start(ctx, runtime.ClusterConfig{
		Data:         db.vol,
		Settings:     db.settings(),
		Files:        db.files(),
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
	err = db.createExtensions(ctx)
	if err == nil && dir != nil {
		err = dir.complete()
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openUpgraded opens the data directory, and upgrades it before if it has to be
// and the configuration says so.
func openUpgraded(ctx context.Context, cfg Config) (*directory, error) {
	if cfg.Load != nil {
		return newDirectory(cfg.Dir)
	}
	dir, err := openDirectory(cfg.Dir)
	if !cfg.Upgrade || !upgradable(err) {
		return dir, err
	}
	_, err = runUpgrade(ctx, UpgradeConfig{
		Dir: cfg.Dir, Progress: cfg.Progress, Logger: cfg.Logger, Assets: cfg.Assets, CacheDir: cfg.CacheDir,
	})
	if err != nil && !errors.Is(err, ErrUpToDate) { // somebody else may have been faster
		return nil, fmt.Errorf("upgrading: %w", err)
	}
	return openDirectory(cfg.Dir)
}

// openVolume opens the volume that holds the data directory. If there is no
// cluster in it, it makes one; the directory is not complete then.
func (db *DB) openVolume(ctx context.Context, mod *runtime.Module, dir *directory) error {
	if dir == nil {
		return db.newMemory(ctx, mod)
	}
	sync := vfs.SyncFull
	if db.cfg.Durability == None {
		sync = vfs.SyncNone
	}
	host, err := vfs.OpenHost(dir.path, vfs.HostOptions{Sync: sync})
	if err != nil {
		return err
	}
	db.vol, db.release = host, append([]io.Closer{host}, db.release...)
	if !dir.fresh {
		return nil
	}
	if err := dir.begin(); err != nil {
		return err
	}
	return db.newCluster(ctx, mod)
}

// newMemory makes a volume in memory that has a cluster.
func (db *DB) newMemory(ctx context.Context, mod *runtime.Module) (err error) {
	switch {
	case db.cfg.Template != nil:
		db.vol = db.cfg.Template.vol.Fork()
	case db.cfg.Load == nil && db.cfg.Init.initdb().IsDefault():
		db.cfg.Progress("making a new database")
		var mem *vfs.Memory
		mem, err = mod.Template(ctx)
		db.vol = mem
	default:
		db.vol = vfs.NewMemory(0)
		err = db.newCluster(ctx, mod)
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
		err := unpack(ctx, db.cfg.Load, db.vol, db.cfg.LoadLimit)
		db.cfg.Load = nil
		if err != nil {
			return err
		}
		return checkArchive(db.vol)
	}
	init := db.cfg.Init.initdb()
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
	s := db.cfg.Settings
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

// Exec runs SQL on a connection of an internal pool. See pgx for its
// arguments.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	pool, err := db.shared(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return pool.Exec(ctx, sql, args...)
}

// Query runs a query on a connection of an internal pool. The rows must be
// closed or read to the end.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	pool, err := db.shared(ctx)
	if err != nil {
		return nil, err
	}
	return pool.Query(ctx, sql, args...)
}

// QueryRow runs a query on a connection of an internal pool; its error is
// that of Scan.
func (db *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	pool, err := db.shared(ctx)
	if err != nil {
		return errRow{err}
	}
	return pool.QueryRow(ctx, sql, args...)
}

type errRow struct{ err error }

func (r errRow) Scan(...any) error { return r.err }

// shared returns the internal pool.
func (db *DB) shared(ctx context.Context) (*pgxpool.Pool, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return nil, ErrClosed
	}
	if db.pool == nil {
		pool, err := db.Pool(ctx)
		if err != nil {
			return nil, err
		}
		db.pool = pool
	}
	return db.pool, nil
}

// closeTimeout is how long Close waits for PostgreSQL to shut down before it
// stops at once, which leaves the directory for recovery.
const closeTimeout = time.Minute

// Close ends all sessions, shuts PostgreSQL down and releases the directory.
// Connections and pools that came from the DB fail from then on; they should
// be closed first. It is idempotent and returns the first error.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	pool := db.pool
	db.mu.Unlock()
	if pool != nil {
		pool.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := db.cluster.Shutdown(ctx)
	db.cancel()
	db.sessions.Wait()
	return errors.Join(err, db.releaseAll())
}

func (db *DB) releaseAll() (err error) {
	for _, c := range db.release {
		err = errors.Join(err, c.Close())
	}
	db.release = nil
	return err
}

// adminShutdown is the SQLSTATE of sessions that are ended by a shutdown.
const adminShutdown = "57P01"

// log passes a message of the server on to the logger.
func (db *DB) log(m runtime.LogMessage) {
	level := levelOf(m)
	if m.SQLState == adminShutdown && db.isClosed() { // that is what Close is for
		level = slog.LevelInfo
	}
	logTo(db.cfg.Logger, level, m)
}

// levelOf returns what level a message has by its severity.
func levelOf(m runtime.LogMessage) slog.Level {
	switch {
	case strings.HasPrefix(m.Severity, "DEBUG"):
		return slog.LevelDebug
	case m.Severity == "WARNING":
		return slog.LevelWarn
	case m.Severity == "ERROR", m.Severity == "FATAL", m.Severity == "PANIC":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// logTo passes a message of a server on to a logger.
func logTo(logger *slog.Logger, level slog.Level, m runtime.LogMessage) {
	if !logger.Enabled(context.Background(), level) {
		return
	}
	attrs := []slog.Attr{slog.Int("pid", m.PID), slog.String("severity", m.Severity)}
	for _, a := range []struct{ key, value string }{
		{"sqlstate", m.SQLState}, {"detail", m.Detail}, {"hint", m.Hint},
		{"context", m.Context}, {"statement", m.Statement},
	} {
		if a.value != "" && a.value != "00000" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	logger.LogAttrs(context.Background(), level, m.Text, attrs...)
}

func (db *DB) crashed(e *CrashError) {
	db.mu.Lock()
	db.crash = e
	db.mu.Unlock()
	db.cfg.Logger.Error("PostgreSQL crashed and restarts", "error", e)
}
