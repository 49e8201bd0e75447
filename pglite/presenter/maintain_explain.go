package presenter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
)

// ExplainOptions say how to explain.
type ExplainOptions struct {
	// Analyze runs the statement and tells what it took. What it changed is
	// rolled back, except for what no transaction holds, such as numbers of
	// sequences.
	Analyze bool
}

// Explain returns the plan of one statement with these arguments, as PostgreSQL
// makes it for them. Filters of a plan contain values of arguments.
func (p *Presenter) Explain(ctx context.Context, o ExplainOptions, sql string, args ...any) (plan Plan, err error) {
	const op = "explaining"
	err = p.rolledBack(ctx, op, func(s *session) error {
		plan, err = explain(ctx, s.tx, o, op, sql, args)
		return wrap(op, "", err)
	})
	return plan, err
}

// ExplainCalls runs a function that calls methods of the presenter, and returns
// the plan of each statement that they run, in order. COPY and commands such as
// SET have none. Afterwards everything is rolled back.
func (p *Presenter) ExplainCalls(ctx context.Context, o ExplainOptions, f func(Tx) error) (plans []Plan, err error) {
	const op = "explaining"
	err = p.rolledBack(ctx, op, func(s *session) error {
		s.before = func(ctx context.Context, tx pgx.Tx, settings, sql string, args []any) error {
			if !explainable.MatchString(sql) {
				return nil
			}
			inner, err := tx.Begin(ctx)
			if err != nil {
				return err
			}
			if settings != "" {
				if _, err := inner.Exec(ctx, settings); err != nil {
					return errors.Join(err, inner.Rollback(ctx))
				}
			}
			plan, err := explain(ctx, inner, o, Operation(ctx), sql, args)
			if err == nil {
				plans = append(plans, plan)
			}
			return errors.Join(err, inner.Rollback(ctx))
		}
		return f(Tx{runner{s, p.cfg}.concerns()})
	})
	return plans, err
}

// explainable are the statements that EXPLAIN takes and the presenter uses.
var explainable = regexp.MustCompile(`(?i)^\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES)\b`)

// rolledBack runs a function in a transaction, and rolls it back.
func (p *Presenter) rolledBack(ctx context.Context, op string, f func(*session) error) error {
	s, err := pooled{p.pool}.begin(withOperation(ctx, op), pgx.TxOptions{})
	if err != nil {
		return err
	}
	err = s.finish(ctx, func() error {
		if err := f(s); err != nil {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}

func explain(ctx context.Context, tx pgx.Tx, o ExplainOptions, op, sql string, args []any) (Plan, error) {
	how := "EXPLAIN (FORMAT JSON, SETTINGS) "
	if o.Analyze {
		how = "EXPLAIN (FORMAT JSON, SETTINGS, ANALYZE, BUFFERS) "
	}
	// Not prepared, so that it is planned for these arguments; and one statement
	// only, which the simple protocol would not see to.
	rows, err := tx.Query(ctx, how+sql, append([]any{pgx.QueryExecModeDescribeExec}, args...)...)
	if err != nil {
		return Plan{}, err
	}
	text, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		return Plan{}, err
	}
	plan, err := ParsePlan([]byte(text))
	plan.Operation, plan.SQL = op, sql
	return plan, err
}

// ParsePlan reads what EXPLAIN (FORMAT JSON) returns of one statement, as
// auto_explain writes it, too.
func ParsePlan(text []byte) (Plan, error) {
	var plans []Plan
	if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
		var one Plan // auto_explain writes it without the array
		if err := json.Unmarshal(text, &one); err != nil || one.Root.Type == "" {
			return Plan{}, fmt.Errorf("presenter: reading a plan: it is not what EXPLAIN (FORMAT JSON) returns")
		}
		plans = []Plan{one}
	}
	if plans[0].Root.Type == "" {
		return Plan{}, fmt.Errorf("presenter: reading a plan: it has no node")
	}
	plans[0].JSON = text
	return plans[0], nil
}
