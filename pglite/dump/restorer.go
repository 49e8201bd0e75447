package dump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/calfdb/calf/internal/pgarchive"
	"github.com/calfdb/calf/internal/sqlscript"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A restorer is a restore that is going on.
type restorer struct {
	ctx    context.Context
	cfg    RestoreSQLConfig
	first  *pgconn.PgConn  // the caller's connection
	server *pgx.ConnConfig // how it was made
	conn   *pgconn.PgConn  // the current one

	unknown     map[string]bool // settings of dumps that the server does not have
	decode      decoder         // from the dump's encoding; nil is none
	restriction sqlscript.Restriction
	batch       batch
}

// scriptWithHead checks the beginning of a script and runs it.
func (rs *restorer) scriptWithHead(in *dumpInput) error {
	if err := rs.check(needsOfScript(in.head())); err != nil {
		return err
	}
	return rs.script("", in)
}

// archive restores an archive.
func (rs *restorer) archive(in *dumpInput) error {
	a, err := pgarchive.New(in.Reader, rs.cfg.Create)
	if err != nil {
		return err
	}
	if err := rs.check(needsOfArchive(a)); err != nil {
		return err
	}
	for {
		step, err := a.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		entry := "settings"
		if step.Entry != nil {
			entry = step.Entry.Name()
		}
		switch {
		case step.Data == nil:
			err = rs.script(entry, strings.NewReader(step.SQL))
		case step.Copy == "":
			err = rs.script(entry, step.Data)
		default:
			err = rs.script(entry, io.MultiReader(strings.NewReader(step.Copy), step.Data))
		}
		if err != nil {
			return err
		}
	}
}

// script runs a script: all of it, or what there is for an entry of an archive.
func (rs *restorer) script(entry string, in io.Reader) error {
	sc := sqlscript.NewScanner(in)
	for {
		sc.Escapes = rs.conn.ParameterStatus("standard_conforming_strings") == "off"
		p, err := sc.Next()
		if err == nil && rs.takes(p) && rs.batch.sql.Len() < maxBatch {
			if err := rs.failed(entry, p, rs.add(p)); err != nil {
				return err
			}
			continue
		}
		if sent, err := rs.send(); err != nil {
			return rs.failed(entry, sent, err)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch p.Kind {
		case sqlscript.Statement:
			err = rs.statement(sc, p)
		case sqlscript.Command:
			err = rs.command(p)
		}
		if err := rs.failed(entry, p, err); err != nil {
			return err
		}
	}
}

// failed returns the error of a piece, unless the restore goes on after it.
func (rs *restorer) failed(entry string, p sqlscript.Piece, err error) error {
	if err == nil {
		return nil
	}
	fatal := (*fatalError)(nil)
	if errors.As(err, &fatal) {
		err = fatal.error
	}
	e := &RestoreError{Entry: entry, SQL: strings.TrimSpace(p.SQL), Err: err}
	if entry == "" {
		e.Line = p.Line
	}
	if p.Kind == sqlscript.Command {
		e.SQL = `\` + p.Name
	}
	if rs.cfg.OnError == nil || fatal != nil || rs.ctx.Err() != nil || rs.conn.IsClosed() {
		return e
	}
	return rs.cfg.OnError(e)
}

// A fatalError is one after which the rest of a script means something else.
type fatalError struct{ error }

// names returns the first column of a query.
func (rs *restorer) names(sql string) (map[string]bool, error) {
	results, err := rs.conn.Exec(rs.ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, row := range results[0].Rows {
		names[string(row[0])] = true
	}
	return names, nil
}

// connect goes on with another connection.
func (rs *restorer) connect(to sqlscript.Target) error {
	if rs.cfg.SingleTransaction {
		return errors.New("a transaction does not go on in another session")
	}
	cfg := rs.server.Config.Copy()
	if to.User != "" {
		cfg.User = to.User
	}
	if to.Database != "" {
		cfg.Database = to.Database
	}
	conn, err := pgconn.ConnectConfig(rs.ctx, cfg)
	if err != nil {
		return err
	}
	if err := rs.close(); err != nil {
		return errors.Join(err, conn.Close(rs.ctx))
	}
	rs.server.User, rs.server.Database = cfg.User, cfg.Database
	return rs.use(conn)
}

// use makes a connection the current one.
func (rs *restorer) use(conn *pgconn.PgConn) (err error) {
	rs.conn, rs.decode = conn, nil
	if conn.TxStatus() != 'I' {
		return errors.New("the connection is in a transaction")
	}
	rs.unknown, err = rs.names(unknownSettings)
	return err
}

// close closes the current connection, unless it is the caller's.
func (rs *restorer) close() error {
	if rs.conn == rs.first {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(rs.ctx), goodbyeTimeout)
	defer cancel()
	return rs.conn.Close(ctx)
}

// finish commits, or sees to it that nothing was left to be committed.
func (rs *restorer) finish() error {
	if rs.cfg.DryRun {
		return rs.exec("ROLLBACK")
	}
	if rs.cfg.SingleTransaction {
		return rs.exec("COMMIT")
	}
	if rs.conn.TxStatus() != 'I' {
		return errors.New("the dump ends inside of a transaction that it does not commit")
	}
	return nil
}

func (rs *restorer) warn(format string, args ...any) {
	if rs.cfg.Warn != nil {
		rs.cfg.Warn(fmt.Sprintf(format, args...))
	}
}
