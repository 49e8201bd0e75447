package push

import (
	"context"
	"fmt"

	"github.com/calfdb/calf/pglite/internal/sqltext"
	"github.com/jackc/pgx/v5"
)

// A state is what the target has noted of a push: which schema it is of, and which tables it has, as they were moved.
type state struct {
	moved map[[2]string]movedTable
}

// A movedTable is a table as it was moved.
type movedTable struct {
	Schema, Name string
	Rows         int64
	Checksum     string
}

// beginState makes the bookkeeping, in the transaction that makes the tables.
func beginState(hash string) string {
	return `CREATE SCHEMA calf_push;
COMMENT ON SCHEMA calf_push IS 'This database is not complete: calf was interrupted when it pushed something here, and goes on if it is told to again.';
CREATE TABLE calf_push.schema AS SELECT ` + sqltext.Literal(hash) + `::text AS hash, pg_catalog.now() AS begun;
CREATE TABLE calf_push.moved (schema text, name text, rows bigint NOT NULL, checksum text NOT NULL, PRIMARY KEY (schema, name));
`
}

// endState removes it, in the transaction that completes the database. Event triggers are made later in that.
const endState = `DROP TABLE calf_push.moved, calf_push.schema;
DROP SCHEMA calf_push;
`

// pushLock is the key of an advisory lock that a push has on its target: "calfpush" in ASCII.
const pushLock = 0x63616c6670757368

// readState looks whether the target has an unfinished push, and sees to it that nobody else goes on with it.
func (p *pusher) readState(ctx context.Context) error {
	p.state.moved = map[[2]string]movedTable{}
	var alone, here, there bool
	const has = `pg_catalog.to_regclass('calf_push.schema') IS NOT NULL`
	if err := p.from.QueryRow(ctx, "SELECT "+has).Scan(&here); err != nil {
		return fmt.Errorf("reading the source: %w", err)
	}
	if here {
		p.block("unfinished", nil, "the source is not complete: a push to it was interrupted (it has a schema calf_push)")
	}
	if err := p.to.QueryRow(ctx, "SELECT pg_catalog.pg_try_advisory_lock($1), "+has, int64(pushLock)).Scan(&alone, &there); err != nil {
		return fmt.Errorf("reading the target: %w", err)
	}
	p.report.Resumed = there
	if !alone {
		p.block("busy", nil, "another push to this database is going on, or its session has not ended yet")
	}
	if !alone || !there {
		return nil
	}
	var hash string
	if err := p.to.QueryRow(ctx, "SELECT hash FROM calf_push.schema").Scan(&hash); err != nil {
		return fmt.Errorf("reading how far an earlier push came: %w", err)
	}
	if p.schema.hash != "" && hash != p.schema.hash {
		p.block("changed", nil, "the push that was begun there is of another schema, or had other settings: "+
			"what it made has to be dropped, with its schema calf_push")
	}
	rows, err := p.to.Query(ctx, "SELECT schema, name, rows, checksum FROM calf_push.moved")
	if err != nil {
		return fmt.Errorf("reading how far an earlier push came: %w", err)
	}
	moved, err := pgx.CollectRows(rows, pgx.RowToStructByName[movedTable])
	for _, m := range moved {
		p.state.moved[[2]string{m.Schema, m.Name}] = m
	}
	return err
}
