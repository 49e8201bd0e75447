package manager

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/schema"
)

// Open returns a handle of a database, which is opened if it is not open. Those
// who ask for one at the same time get the same database, opened once; a failure
// is theirs together, and is not remembered. If ctx ends, the opening goes on for
// the others.
//
// A database of an earlier version of PostgreSQL is left as it is, and the error
// is a *pglite.VersionError, unless Config.DB.Upgrade is set.
func (m *Manager) Open(ctx context.Context, id string) (*Handle, error) {
	h, err := m.dbs.acquire(ctx, id)
	return h, m.wrap(err, "opening database", id)
}

// CloseDatabase closes a database that is open, without waiting until it is idle
// for long. It is ErrInUse if there are handles of it.
func (m *Manager) CloseDatabase(ctx context.Context, id string) error {
	release, err := m.dbs.claim(ctx, id, false)
	if err == nil {
		release()
	}
	return m.wrap(err, "closing database", id)
}

// openDatabase opens a database for the cache.
func (m *Manager) openDatabase(ctx context.Context, id string) (*pglite.DB, error) {
	if _, err := m.database(ctx, id); err != nil {
		return nil, err
	}
	name := dbsName + "/" + folderName(id)
	found, err := m.folder.exists(name)
	if err == nil && !found {
		err = fmt.Errorf("its folder %s is gone", m.folder.at(name))
	}
	if err != nil {
		return nil, err
	}
	cfg := m.cfg.DB
	cfg.Dir = m.folder.at(name + "/" + dataName)
	db, err := m.openData(ctx, cfg)
	if err != nil {
		return nil, err
	}
	conn, err := db.Connect(ctx)
	if err == nil {
		_, err = schema.Migrate(ctx, conn, schema.Embeddings(), schema.Latest)
		err = errors.Join(err, conn.Close(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openData opens a data directory. Nothing is ever deleted because it is of
// another version.
func (m *Manager) openData(ctx context.Context, cfg pglite.Config) (*pglite.DB, error) {
	return pglite.OpenConfig(ctx, cfg)
}

// dataVersion returns the major version of the data directory in a folder, or ""
// if there is none yet.
func (m *Manager) dataVersion(folder string) (string, error) {
	b, err := m.folder.root.ReadFile(folder + "/" + dataName + "/PG_VERSION")
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(b)), err
}
