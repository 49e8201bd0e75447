package manager

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/schema"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A Manager keeps the databases of a folder. It is safe for concurrent use.
type Manager struct {
	cfg     Config
	folder  *folder
	meta    *pglite.DB
	pool    *pgxpool.Pool // of meta
	version string        // of PostgreSQL
	dbs     *cache

	closing  sync.Once
	closeErr error
}

// Open opens a folder of databases with the default configuration.
func Open(ctx context.Context, dir string) (*Manager, error) {
	return OpenConfig(ctx, Config{Dir: dir})
}

// OpenConfig opens a folder of databases, and its meta database. A folder that
// does not exist or is empty becomes a new one; one that holds something else is
// refused. What an interrupted program left is put in order.
//
// The context bounds the opening only. The Manager must be closed.
func OpenConfig(ctx context.Context, cfg Config) (_ *Manager, err error) {
	cfg, err = cfg.validate()
	if err != nil {
		return nil, err
	}
	defer func() { err = wrap(err, "opening", cfg.Dir) }()
	m := &Manager{cfg: cfg}
	if m.folder, err = openFolder(cfg.Dir); err != nil {
		return nil, err
	}
	m.dbs = &cache{
		open: m.openDatabase, maxOpen: cfg.MaxOpen, idleClose: cfg.IdleClose, logger: cfg.Logger,
		entries: map[string]*entry{}, pins: map[string]int{},
	}
	m.dbs.ctx, m.dbs.cancel = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	if m.meta, m.pool, err = m.openMeta(ctx, m.folder.at(metaName)); err != nil {
		return nil, err
	}
	if err := m.pool.QueryRow(ctx, "SELECT split_part(current_setting('server_version'), '.', 1)").Scan(&m.version); err != nil {
		return nil, err
	}
	if err := m.folder.prepare(); err != nil {
		return nil, err
	}
	return m, m.putInOrder(ctx)
}

// openMeta opens a meta database, and migrates it.
func (m *Manager) openMeta(ctx context.Context, dir string) (*pglite.DB, *pgxpool.Pool, error) {
	cfg := m.cfg.DB
	cfg.Dir, cfg.Extensions = dir, nil
	db, err := m.openData(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	pool, err := db.Pool(ctx)
	if err == nil {
		if _, err = schema.Migrate(ctx, pool, schema.Meta(), schema.Latest); err == nil {
			return db, pool, nil
		}
		pool.Close()
	}
	return nil, nil, errors.Join(err, db.Close())
}

// putInOrder completes or takes back what was interrupted.
func (m *Manager) putInOrder(ctx context.Context) error {
	list, err := m.databases(ctx, m.pool)
	if err != nil {
		return err
	}
	rows := map[string]bool{}
	for _, d := range list {
		rows[d.ID] = true
	}
	return m.folder.recoverFolders(rows, func(name string, err error) {
		m.cfg.Logger.Warn("something could not be removed, and is tried again the next time", "folder", m.folder.at(name), "error", err)
	})
}

// Close closes all databases, also those that have handles, which ends their
// connections, and the meta database. Methods fail with ErrClosed from then on, and
// so does what is being made, imported or exported, once a Read or Write of the
// caller's returns. It waits until all is done, is idempotent, and returns the
// first error.
func (m *Manager) Close() error {
	m.closing.Do(func() {
		err := m.dbs.closeAll()
		if m.meta != nil {
			err = errors.Join(err, m.meta.Close())
		}
		if m.pool != nil {
			m.pool.Close() // of which nobody can wait for a server any more
		}
		if err = errors.Join(err, m.folder.Close()); err != nil {
			m.closeErr = fmt.Errorf("manager: closing %s: %w", m.cfg.Dir, err)
		}
	})
	return m.closeErr
}

// RuntimeVersion returns the major version of PostgreSQL that databases run on,
// such as "18".
func (m *Manager) RuntimeVersion() string { return m.version }

// Stats says what is open.
type Stats struct {
	// Open is how many databases are open, or being opened or closed, and InUse
	// how many of them have a handle.
	Open, InUse int
	// Opens is how many times a database was opened.
	Opens uint64
}

// Stats returns what is open.
func (m *Manager) Stats() Stats {
	m.dbs.mu.Lock()
	defer m.dbs.mu.Unlock()
	s := Stats{Open: len(m.dbs.entries), Opens: m.dbs.opens}
	for _, e := range m.dbs.entries {
		if e.inUse() {
			s.InUse++
		}
	}
	return s
}
