package presenter

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"

	"github.com/calfdb/calf/schema"
)

// A Presenter keeps conversations and knowledge bases in a database. It is safe
// for concurrent use.
type Presenter struct {
	concerns
	pool     *pgxpool.Pool
	explicit transactions
	memory   *semaphore.Weighted
}

// New returns a presenter of a database, which it migrates first unless
// Config.NoMigrate is set. The pool stays the caller's, who closes it after the
// presenter.
func New(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*Presenter, error) {
	settled, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	p := &Presenter{concerns: runner{pooled{pool}, settled}.concerns(), pool: pool, memory: semaphore.NewWeighted(settled.Memory)}
	if err := p.checkLanguage(ctx); err != nil {
		return nil, err
	}
	if cfg.Knowledge {
		if err := p.checkPgvector(ctx); err != nil {
			return nil, err
		}
	}
	if cfg.NoMigrate {
		for _, set := range p.sets() {
			steps, err := schema.Plan(ctx, pool, set, schema.Latest)
			if err == nil && len(steps) > 0 {
				err = &MigrationError{Set: set.Name(), Version: steps[0].Version, Name: steps[0].Name, Phase: schema.PhaseHistory,
					Err: fmt.Errorf("it is not applied, and Config.NoMigrate forbids to")}
			}
			if err != nil {
				return nil, err
			}
		}
	} else if err := p.migrateAll(ctx); err != nil {
		return nil, err
	}
	if cfg.Knowledge {
		if err := p.knowPgvector(ctx); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// sets are those that the presenter needs.
func (p *Presenter) sets() []*schema.Set {
	if p.cfg.Knowledge {
		return []*schema.Set{schema.Chat(), schema.Knowledge()}
	}
	return []*schema.Set{schema.Chat()}
}

// migrateAll brings all sets to their last version.
func (p *Presenter) migrateAll(ctx context.Context) error {
	if p.cfg.Knowledge {
		steps, err := schema.Migrate(ctx, p.pool, schema.Knowledge(), schema.Latest)
		if err != nil {
			return err
		}
		p.logSteps(ctx, steps)
	}
	return p.Migrate(ctx, schema.Latest)
}

func (p *Presenter) logSteps(ctx context.Context, steps []schema.Step) {
	for _, step := range steps {
		p.cfg.Logger.InfoContext(ctx, "migrated the schema", "version", step.Version, "name", step.Name, "revert", step.Revert)
	}
}

// Close rolls back what Begin began and waits for that. The pool stays open.
// It is idempotent.
func (p *Presenter) Close() { p.explicit.close() }

// SchemaVersion returns the version of the schema that the database has; see
// schema.Chat.
func (p *Presenter) SchemaVersion(ctx context.Context) (string, error) {
	return schema.Current(ctx, p.pool, schema.Chat())
}

// Migrate brings the schema to a version of schema.Chat, and at the last one
// makes the indexes that Search uses, which blocks writing to tables that are
// already full while it lasts. Going back deletes what the older version cannot
// hold, and leaves a presenter that is of no use.
func (p *Presenter) Migrate(ctx context.Context, target string) error {
	steps, err := schema.Migrate(ctx, p.pool, schema.Chat(), target)
	if err != nil {
		return err
	}
	p.logSteps(ctx, steps)
	if target != schema.Latest && target != schema.Chat().LatestVersion() {
		return nil
	}
	return p.indexForSearch(ctx)
}

// ValidateSchema compares the database with the schema; see schema.Validate.
func (p *Presenter) ValidateSchema(ctx context.Context) (problems []schema.Problem, _ error) {
	for _, set := range p.sets() {
		found, err := schema.Validate(ctx, p.pool, set)
		if err != nil {
			return nil, err
		}
		problems = append(problems, found...)
	}
	return problems, nil
}

// checkLanguage asks whether the server knows the language.
func (p *Presenter) checkLanguage(ctx context.Context) error {
	_, err := queryOne(ctx, p.runner, "looking for the text search configuration", p.cfg.Language, pgx.RowTo[uint32],
		"SELECT $1::text::regconfig::oid", p.cfg.Language)
	return err
}

// searchIndexes are the indexes that Search uses.
func (p *Presenter) searchIndexes() []schema.Index {
	indexes := []schema.Index{
		{Name: "idx_messages_search_" + p.cfg.Language, Table: "messages", Using: "USING gin (" + p.vector("content") + ")"},
		{Name: "idx_conversations_search_" + p.cfg.Language, Table: "conversations", Using: "USING gin (" + p.vector("title") + ")"},
	}
	if p.cfg.Knowledge {
		indexes = append(indexes, schema.Index{
			Name: "idx_knowledge_chunks_search_" + p.cfg.Language, Table: "knowledge_chunks", Using: "USING gin (" + p.vector("content") + ")",
		})
	}
	return indexes
}

// indexForSearch makes the indexes of the language, if there are none.
func (p *Presenter) indexForSearch(ctx context.Context) error {
	const op = "indexing for search"
	missing := func(r runner) (sql []string, _ error) {
		for _, index := range p.searchIndexes() {
			exists, err := queryOne(ctx, r, op, index.Name, pgx.RowTo[bool], "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass($1))", index.Name)
			if err != nil {
				return nil, err
			}
			if !exists {
				sql = append(sql, index.SQL(false)...)
			}
		}
		return sql, nil
	}
	if sql, err := missing(p.runner); err != nil || sql == nil {
		return err
	}
	return p.atomically(ctx, op, func(r runner) error {
		// Programs that start together take turns, and look again.
		if _, err := r.exec(ctx, op, "", "SELECT pg_advisory_xact_lock(hashtext('calf indexes for search'))"); err != nil {
			return err
		}
		sql, err := missing(r)
		if err != nil || sql == nil {
			return err
		}
		_, err = r.exec(ctx, op, "", strings.Join(sql, "; "))
		return err
	})
}
