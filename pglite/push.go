package pglite

import (
	"context"
	"errors"
	"fmt"

	"github.com/calfdb/calf/assets"
	"github.com/jackc/pgx/v5"
)

// PushConfig says how Push moves a database. The zero value moves all of it, with owners and privileges.
type PushConfig struct {
	// DryRun finds out what would be moved and what hinders it, and writes nothing.
	DryRun bool
	// Jobs is how many tables are copied at a time, each with a session on either side; 0 means 4.
	Jobs int
	// NoOwner leaves everything to the role that connects to the target, and NoPrivileges leaves out what is granted and
	// revoked. Without them the target must have the roles; DumpGlobals writes these.
	NoOwner, NoPrivileges bool
	// Progress is told how far it is, in bytes of tables on the source's disk; nil tells nobody. It may be called from
	// several goroutines, but not by two at a time.
	Progress func(Progress)
	// Assets and CacheDir are as in Config. They count for the function Push; a DB uses its own.
	Assets   *assets.Set
	CacheDir string
}

// defaultPushJobs keeps both sides busy: one session of the source waits for the disk or the network while others compute.
const defaultPushJobs = 4

// Push moves the default database to a PostgreSQL server, 15 or later, as of one moment: its schema, the rows of its tables,
// sequences and large objects. The database to which target connects must exist, and be empty where the source has
// something. Sessions of the source read and write meanwhile; changing the definition of a table waits.
//
// First it finds out what hinders: versions and encodings, extensions that the target does not have, roles, privileges, names
// that are taken. Then it runs the whole schema on the target, in a transaction that is rolled back. The error for what it
// finds is a *PushBlockedError, and nothing has been changed.
//
// Tables are copied side by side, before there are indexes, foreign keys and triggers. Of each the number of rows and a
// checksum of their text are compared on both sides before it is committed. What has been moved is noted on the target, in a
// schema calf_push, which goes in the transaction that completes the database. A push that was interrupted is continued by the
// next one: tables that have changed on the source since are copied again, and if the schema has, that is an obstacle.
//
// Not moved are roles, settings of the database, subscriptions, the rows of foreign tables, and tablespaces that the target
// does not have. At the end PostgreSQL's statistics are made anew.
//
// When ctx ends, what runs on either side is cancelled, and all sessions are closed when Push returns. The report is never
// nil; after an error it says how far it came.
func (db *DB) Push(ctx context.Context, target *pgx.ConnConfig, cfg PushConfig) (*PushReport, error) {
	cfg.Assets, cfg.CacheDir = db.cfg.Assets, db.cfg.CacheDir
	report, err := Push(ctx, db.ConnConfig(), target, cfg)
	return report, db.asClosed(err)
}

// Push is [DB.Push] for any source of PostgreSQL 12 to 18.
func Push(ctx context.Context, source, target *pgx.ConnConfig, cfg PushConfig) (report *PushReport, err error) {
	report = &PushReport{Tables: []*PushTable{}, Obstacles: []PushObstacle{}, Notes: []string{}}
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			err = fmt.Errorf("pglite: pushing %s to %s: %w", source.Database, target.Database, err)
		}
	}()
	if cfg.Jobs < 0 {
		return report, fmt.Errorf("PushConfig.Jobs is %d, and must not be negative", cfg.Jobs)
	}
	if cfg.Jobs == 0 {
		cfg.Jobs = defaultPushJobs
	}
	p := &pusher{cfg: cfg, source: pushSide(source), target: pushSide(target), report: report}
	p.meter.told = cfg.Progress
	defer func() { err = errors.Join(err, p.close(ctx)) }()
	if err := p.look(ctx); err != nil {
		return report, err
	}
	switch {
	case cfg.DryRun:
		return report, nil
	case len(report.Obstacles) > 0:
		return report, &PushBlockedError{report.Obstacles}
	}
	return report, p.move(ctx)
}

// A pusher is a push that is going on.
type pusher struct {
	cfg            PushConfig
	source, target *pgx.ConnConfig
	report         *PushReport
	meter          pushMeter

	from, to *pgx.Conn // two sessions that last: one holds the snapshot, the other the lock
	snapshot string
	schema   pushSchema
	state    pushState
	rowHash  string // an expression for the checksum of a row, with %s for its text
}

// look finds out what is to be moved and what hinders.
func (p *pusher) look(ctx context.Context) (err error) {
	p.meter.phase("connecting")
	if p.from, err = connectTo(ctx, p.source, "source"); err != nil {
		return err
	}
	if p.to, err = connectTo(ctx, p.target, "target"); err != nil {
		return err
	}
	p.meter.phase("reading the schema")
	if err := p.readServers(ctx); err != nil || len(p.report.Obstacles) > 0 {
		return err
	}
	if err := p.readSource(ctx); err != nil {
		return err
	}
	if err := p.readState(ctx); err != nil {
		return err
	}
	if err := p.findObstacles(ctx); err != nil {
		return err
	}
	if len(p.report.Obstacles) > 0 || p.report.Resumed {
		return nil
	}
	p.meter.phase("trying the schema")
	return p.trySchema(ctx)
}

// move moves everything.
func (p *pusher) move(ctx context.Context) error {
	if !p.report.Resumed {
		p.meter.phase("making the tables")
		if err := p.runScript(ctx, beginState(p.schema.hash)+p.schema.pre, true); err != nil {
			return err
		}
	}
	p.meter.phase("copying")
	if err := p.copyAll(ctx); err != nil {
		return err
	}
	p.meter.phase("setting sequences")
	if err := p.moveSequences(ctx); err != nil {
		return err
	}
	p.meter.phase("making indexes and constraints")
	if err := p.runScript(ctx, endState+p.schema.post, true); err != nil {
		return err
	}
	p.meter.phase("analyzing")
	return p.analyze(ctx)
}

// analyze makes statistics for the planner. The database is complete already.
func (p *pusher) analyze(ctx context.Context) error {
	for _, t := range p.report.Tables {
		if _, err := p.to.Exec(ctx, "ANALYZE "+t.sqlName()); err != nil {
			return fmt.Errorf("everything was moved, but not analyzed: %w", err)
		}
	}
	return nil
}

// close closes the sessions, and with the target's the lock is released.
func (p *pusher) close(ctx context.Context) error {
	return errors.Join(hangUp(ctx, p.from), hangUp(ctx, p.to))
}
