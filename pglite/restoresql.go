package pglite

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQLRestoreConfig says how RestoreSQL restores a dump. The zero value restores
// all that is in it and stops at the first error, keeping what came before.
type SQLRestoreConfig struct {
	// SingleTransaction restores all or nothing. It is also faster where
	// commits wait for the disk. A dump that creates databases, or connects to
	// another one, cannot be restored so. It excludes OnError.
	SingleTransaction bool
	// OnError is told of each failure, if it is not nil. The restore goes on if
	// it returns nil, and stops with the error that it returns otherwise.
	OnError func(*RestoreError) error
	// NoOwner leaves everything to the role that restores, and NoPrivileges
	// leaves out what grants and revokes privileges. A dump names roles that
	// its server had; those that are not there make a restore fail.
	NoOwner, NoPrivileges bool
	// Create makes the database that an archive (--format=custom) is of, and
	// restores into that. A script does this by itself, if pg_dump --create
	// wrote it.
	Create bool
	// Warn is told what was left out or changed because this server has no need
	// of it, and of the server's warnings, a line each; nil tells nobody.
	Warn func(string)
	// Progress is told after each piece how many bytes of the dump have been
	// read; nil tells nobody.
	Progress func(read int64)
}

// A RestoreError says which part of a dump failed, and why.
type RestoreError struct {
	// Line is the number of the line, in a script, on which the statement
	// begins; Entry names the part of an archive, such as TABLE public.t.
	Line  int
	Entry string
	// SQL is the statement, or psql's command.
	SQL string
	// Err is the cause: a *pgconn.PgError, if it is the server's.
	Err error
}

// RestoreSQL runs a dump on the default database, as the default user: SQL text
// by any pg_dump or pg_dumpall of PostgreSQL 9.0 to 18, data for COPY included,
// or an archive by --format=custom or --format=tar. Either may be compressed
// with gzip, zstd or lz4. The dump is not held in memory, except for one
// statement at a time, and the table of contents of an archive.
//
// Before anything is run, the beginning of a script, or the table of contents
// of an archive, is searched for extensions and roles that are missing. What
// fails is described by a *RestoreError.
//
// Of psql's commands those work that dumps have: \connect, \restrict,
// \unrestrict and \encoding. The text of dumps is trusted: restoring one means
// running whatever is in it, as a superuser perhaps.
//
// When ctx ends, the statement that runs is cancelled.
func (db *DB) RestoreSQL(ctx context.Context, r io.Reader, cfg SQLRestoreConfig) (err error) {
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
		closing, cancel := context.WithTimeout(context.Background(), goodbyeTimeout)
		defer cancel()
		err = errors.Join(err, conn.Close(closing))
	}()
	return RestoreSQL(ctx, conn, r, cfg)
}

// RestoreSQL is [DB.RestoreSQL] for any connection, which must not be in a
// transaction. Dumps change settings of the session, such as search_path, so
// that the connection should not be used for anything else. \connect makes
// further connections, with the configuration of this one.
func RestoreSQL(ctx context.Context, conn *pgx.Conn, r io.Reader, cfg SQLRestoreConfig) error {
	if err := restoreSQL(ctx, conn, r, cfg); err != nil {
		return fmt.Errorf("pglite: restoring: %w", err)
	}
	return nil
}

func restoreSQL(ctx context.Context, conn *pgx.Conn, r io.Reader, cfg SQLRestoreConfig) (err error) {
	if cfg.SingleTransaction && cfg.OnError != nil {
		return errors.New("SQLRestoreConfig.SingleTransaction excludes OnError: after an error nothing can follow in a transaction")
	}
	if cfg.SingleTransaction && cfg.Create {
		return errors.New("SQLRestoreConfig.SingleTransaction excludes Create: a database is not created in a transaction")
	}
	in, err := openDump(r, cfg.Progress)
	if err != nil {
		return err
	}
	rs := &restorer{ctx: ctx, cfg: cfg, first: conn.PgConn(), server: conn.Config()}
	if err := rs.use(rs.first); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rs.close()) }()
	if cfg.SingleTransaction {
		if err := rs.exec("BEGIN"); err != nil {
			return err
		}
	}
	if in.isArchive() {
		err = rs.archive(in)
	} else {
		err = rs.scriptWithHead(in)
	}
	if err == nil {
		err = rs.finish()
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// Error tells where, what and why, on one line.
func (e *RestoreError) Error() string {
	where := fmt.Sprintf("line %d", e.Line)
	if e.Entry != "" {
		where = e.Entry
	}
	text := fmt.Sprintf("%s: %s: %v", where, head(e.SQL), e.Err)
	if pg := (*pgconn.PgError)(nil); errors.As(e.Err, &pg) {
		switch {
		case pg.Code == codeUndefinedObject && isRoleMissing(pg.Message):
			text += "; create the role, or restore with NoOwner and NoPrivileges"
		case isInCopy(pg.Where):
			text += "; " + pg.Where
		case pg.Detail != "":
			text += "; " + pg.Detail
		}
	}
	return text
}

// Unwrap returns the cause.
func (e *RestoreError) Unwrap() error { return e.Err }
