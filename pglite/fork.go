package pglite

import (
	"context"
	"fmt"
	"io"

	"github.com/calfdb/calf/internal/relay"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime/vfs"
)

// Fork opens a copy of the database as it is now, in memory, with the same
// configuration. The two have nothing to do with each other from then on, and
// both must be closed.
//
// The copy is what [DB.Dump] would write: it has what was committed when Fork was
// called, and neither sessions nor the content of unlogged tables. The database
// goes on meanwhile. Of a database in memory no page is copied before one of the
// two writes to it; a directory is read as a whole. To make many copies of one
// state, use a [Template], which opens faster.
func (db *DB) Fork(ctx context.Context) (*DB, error) {
	var fork *DB
	err := db.whileOpen(ctx, func(ctx context.Context) (err error) {
		fork, err = db.fork(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pglite: forking the database: %w", err)
	}
	return fork, nil
}

func (db *DB) fork(ctx context.Context) (*DB, error) {
	vol, err := db.copy(ctx)
	if err != nil {
		return nil, err
	}
	defer vol.Close()
	cfg := db.cfg
	cfg.Dir, cfg.Template, cfg.Extensions = "", db.template(vol), nil
	return OpenConfig(ctx, cfg)
}

// copy returns a volume in memory to which the data directory was dumped. The
// caller closes it, unless it fails.
func (db *DB) copy(ctx context.Context) (*vfs.Memory, error) {
	if _, ok := db.vol.(*vfs.Memory); ok {
		return db.backup().Fork(ctx)
	}
	vol := vfs.NewMemory(0)
	err := relay.Run(
		func(w io.Writer) error { return db.dump(ctx, w, dump.ArchiveConfig{}) },
		func(r io.Reader) error { return datadir.Unpack(ctx, r, vol, 0) })
	if err != nil {
		vol.Close()
	}
	return vol, err
}
