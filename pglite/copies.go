package pglite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/push"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DumpSQL writes a dump that PostgreSQL's own pg_dump makes, as dump.SQL does,
// which says more. It connects as the default user to the default database,
// unless an argument names another one. Assets and CacheDir are the database's.
func (db *DB) DumpSQL(ctx context.Context, w io.Writer, cfg dump.SQLConfig) error {
	cfg.Assets, cfg.CacheDir = db.cfg.Assets, db.cfg.CacheDir
	return db.asClosed(dump.SQL(ctx, db.ConnConfig(), w, cfg))
}

// DumpAllSQL writes a script that makes all databases and roles anew, as
// dump.AllSQL does, which says more.
func (db *DB) DumpAllSQL(ctx context.Context, w io.Writer, cfg dump.SQLConfig) error {
	cfg.Assets, cfg.CacheDir = db.cfg.Assets, db.cfg.CacheDir
	return db.asClosed(dump.AllSQL(ctx, db.ConnConfig(), w, cfg))
}

// RestoreSQL runs a dump on the default database, as the default user, as
// dump.RestoreSQL does, which says more.
func (db *DB) RestoreSQL(ctx context.Context, r io.Reader, cfg dump.RestoreSQLConfig) (err error) {
	defer func() { err = db.asClosed(err) }()
	server := db.ConnConfig()
	if cfg.Warn != nil {
		server.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
			if n.SeverityUnlocalized == "WARNING" {
				cfg.Warn(n.Message)
			}
		}
	}
	conn, err := pgx.ConnectConfig(ctx, server)
	if err != nil {
		return fmt.Errorf("pglite: restoring: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), hangUpTimeout)
		defer cancel()
		err = errors.Join(err, conn.Close(closing))
	}()
	return dump.RestoreSQL(ctx, conn, r, cfg)
}

// hangUpTimeout is how long the end of a session is waited for.
const hangUpTimeout = 5 * time.Second

// Push moves the default database to a PostgreSQL server, 15 or later, as
// push.Run does, which says more.
func (db *DB) Push(ctx context.Context, target *pgx.ConnConfig, cfg push.Config) (*push.Report, error) {
	cfg.Assets, cfg.CacheDir = db.cfg.Assets, db.cfg.CacheDir
	report, err := push.Run(ctx, db.ConnConfig(), target, cfg)
	return report, db.asClosed(err)
}
