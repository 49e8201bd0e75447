package presenter

import (
	"context"
	"fmt"
)

// OptimizeOptions say what Optimize does. The zero value does what is needed.
type OptimizeOptions struct {
	// DryRun only returns the steps that would be done.
	DryRun bool
	// Everything vacuums and analyzes every table, whether it needs it or not.
	Everything bool
}

// Optimize repairs indexes as RepairIndexes does, vacuums the presenter's tables
// that have rows to clear away, analyzes those that have changed, and makes
// bloated indexes again; it returns what it did. Tables can be read and written
// meanwhile. It finds the same things to do as PostgreSQL's autovacuum, only
// earlier: when a twentieth of a table has changed and not a fifth. What
// fails does not keep the rest from being done; the errors are joined. Tables
// that belong to another role are passed over.
//
// Call it after an import or when much was deleted, or never: autovacuum works,
// except that it does not repair indexes.
func (p *Presenter) Optimize(ctx context.Context, o OptimizeOptions) ([]MaintenanceStep, error) {
	const op = "optimizing"
	m := maintenance{p: p, op: op, dry: o.DryRun}
	err := p.maintaining(ctx, op, func(r runner) error {
		m.r = r
		if err := m.repair(ctx); err != nil {
			return err
		}
		if err := m.vacuum(ctx, o.Everything); err != nil {
			return err
		}
		// Bloat is estimated from what analyze has found out.
		list, err := p.indexes(ctx, r, op)
		if err != nil {
			return err
		}
		for _, h := range list {
			if h.Is(IndexBloated) && ctx.Err() == nil {
				if err := m.rebuild(ctx, h, IndexBloated); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return m.finish(ctx, err)
}

// vacuum vacuums and analyzes.
func (m *maintenance) vacuum(ctx context.Context, everything bool) error {
	tables, err := m.p.tableStatistics(ctx, m.r, m.op)
	if err != nil {
		return err
	}
	partition := false // a partition's statistics change those of the whole
	for _, t := range tables {
		if ctx.Err() != nil {
			return nil
		}
		if !t.owned || t.Partitioned {
			continue
		}
		switch vacuum, analyze := t.wantsVacuum(), t.wantsAnalyze(); {
		case everything:
			m.run(ctx, t.Name, "everything", "VACUUM (ANALYZE) "+t.Name)
		case vacuum != "":
			m.run(ctx, t.Name, vacuum, "VACUUM (ANALYZE) "+t.Name)
		case analyze != "":
			m.run(ctx, t.Name, analyze, "ANALYZE "+t.Name)
		default:
			continue
		}
		partition = true
	}
	for _, t := range tables {
		if t.Partitioned && t.owned && partition {
			m.run(ctx, t.Name, "partitions have changed", "ANALYZE "+t.Name)
		}
	}
	return nil
}

// few and part say how much of a table may have changed before Optimize does
// something. PostgreSQL's autovacuum has the same few, and a part of 0.2 for
// vacuum and 0.1 for analyze (autovacuum_vacuum_threshold and those beside it).
const (
	few  = 50
	part = 0.05
)

func (t TableStatistics) wantsVacuum() string {
	if most := few + part*float64(t.Rows); float64(t.DeadRows) > most {
		return fmt.Sprintf("%d dead rows", t.DeadRows)
	} else if float64(t.InsertedSinceVacuum) > 20*few+most {
		return fmt.Sprintf("%d rows inserted since the last vacuum", t.InsertedSinceVacuum)
	}
	return ""
}

func (t TableStatistics) wantsAnalyze() string {
	if float64(t.ModifiedSinceAnalyze) > few+part*float64(t.Rows) {
		return fmt.Sprintf("%d rows changed since the last analyze", t.ModifiedSinceAnalyze)
	}
	return ""
}
