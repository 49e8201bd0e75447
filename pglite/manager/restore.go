package manager

import (
	"context"
	"io"

	"github.com/calfdb/calf/pglite"
)

// restore makes a database of an archive in a folder, and returns which version
// of PostgreSQL it is of.
func (m *Manager) restore(ctx context.Context, r io.Reader, folder string, limit int64) (version string, err error) {
	err = pglite.Restore(ctx, r, m.folder.at(folder+"/"+dataName), pglite.RestoreConfig{
		Limit: limit, Older: true, Durability: m.cfg.DB.Durability,
	})
	if err != nil {
		return "", err
	}
	return m.dataVersion(folder)
}

// checkVersion returns an error for what is of an earlier version.
func (m *Manager) checkVersion(folder, version string) error {
	if version == m.version {
		return nil
	}
	return &pglite.VersionError{Found: version, Wanted: m.version}
}
