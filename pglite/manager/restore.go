package manager

import (
	"context"
	"io"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
)

// restore makes a database of an archive in a folder, and returns which version
// of PostgreSQL it is of.
func (m *Manager) restore(ctx context.Context, r io.Reader, folder string, limit int64) (version string, err error) {
	err = dump.Restore(ctx, r, m.folder.at(folder+"/"+dataName), dump.RestoreConfig{
		Limit: limit, Earlier: true, NoSync: m.cfg.DB.Durability == pglite.None,
	})
	if err != nil {
		return "", err
	}
	return m.dataVersion(folder)
}

// upgrade makes what was restored in a folder a database of this version, if
// Config.DB says so: opening it does that.
func (m *Manager) upgrade(ctx context.Context, folder string) error {
	cfg := m.cfg.DB
	cfg.Dir = m.folder.at(folder + "/" + dataName)
	db, err := m.openData(ctx, cfg)
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		return err
	}
	// Whoever made the archive still has what an upgrade keeps.
	entries, err := m.folder.list(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != dataName {
			if err := m.folder.root.RemoveAll(folder + "/" + e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}
