package upgrade

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/upgrade/internal/contents"
	"github.com/jackc/pgx/v5"
)

// copy dumps a database and restores the dump at the same time.
func (u *upgrader) copy(ctx context.Context, to newServer, db *contents.Database) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	dumped := make(chan error, 1)
	go func() {
		err := u.dump(ctx, w, db.Name)
		w.CloseWithError(err)
		dumped <- err
	}()
	err := with(ctx, to, db.Target, func(ctx context.Context, conn *pgx.Conn) error {
		return dump.RestoreSQL(ctx, conn, r, dump.RestoreSQLConfig{})
	})
	r.CloseWithError(cmp.Or(err, io.ErrClosedPipe))
	if err != nil {
		cancel()
	}
	switch dumpErr := <-dumped; {
	case dumpErr == nil, errors.Is(dumpErr, context.Canceled), errors.Is(dumpErr, err):
		return err
	case err == nil, errors.Is(err, dumpErr):
		return dumpErr
	default:
		return errors.Join(err, dumpErr)
	}
}

// dump writes a dump of an old database. There are no subscriptions in PGlite,
// nor can there be in calf.
func (u *upgrader) dump(ctx context.Context, w io.Writer, database string) error {
	return dump.SQL(ctx, u.old.config(database), w, dump.SQLConfig{
		Args: []string{"--no-subscriptions"}, Assets: u.cfg.Assets, CacheDir: u.cfg.CacheDir,
	})
}
