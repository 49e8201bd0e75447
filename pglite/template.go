package pglite

import (
	"context"
	"errors"
	"fmt"

	"github.com/calfdb/calf/runtime/vfs"
)

// A Template is a database that others start as copies of: see
// [Config].Template. It does not change, and a copy in memory shares its pages
// with it until it writes to them. It is safe for concurrent use. There is
// nothing to close: Go's collector gives its memory back when neither the
// template nor a copy is in use.
type Template struct {
	vol                *vfs.Memory
	username, database string
	icu                *ICUData
}

// NewTemplate makes a template: a new database in memory with the given
// configuration, in which setup has done what all copies are to have, such as
// creating tables and loading rows; nil does nothing. The database is closed when setup has
// returned; nothing that belongs to a session outlives that, and unlogged tables
// do. Config.Dir must be "" or [Memory].
//
// Settings, HBA and what else is not stored in a data directory are not part of
// a template.
func NewTemplate(ctx context.Context, cfg Config, setup func(context.Context, *DB) error) (_ *Template, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("pglite: making a template: %w", err)
		}
	}()
	if cfg.Dir != "" && cfg.Dir != Memory {
		return nil, errTemplateDir
	}
	db, err := OpenConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if setup != nil {
		err = setup(ctx, db)
	}
	db.release = nil // the volume is the template's from now on
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	return db.template(db.vol.(*vfs.Memory)), nil
}

var errTemplateDir = errors.New("Config.Dir is set, but templates are in memory")

// template returns a template of a volume that does not change.
func (db *DB) template(vol *vfs.Memory) *Template {
	return &Template{vol: vol, username: db.cfg.Username, database: db.cfg.Database, icu: db.cfg.ICU}
}
