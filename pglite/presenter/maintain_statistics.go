package presenter

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Statistics are what PostgreSQL counts about a database and the presenter's
// tables in it. Sessions tell what they did after some seconds, so the newest
// may be missing. Reading them costs next to nothing.
type Statistics struct {
	// DatabaseBytes is the size of the database.
	DatabaseBytes int64 `json:"databaseBytes"`
	// Sessions are those that are connected to the database.
	Sessions int64 `json:"sessions"`
	// Commits, Rollbacks, Deadlocks and TempBytes, which were written to disk
	// because work_mem did not suffice, are counted since Since, or the
	// database was made.
	Commits   int64 `json:"commits"`
	Rollbacks int64 `json:"rollbacks"`
	Deadlocks int64 `json:"deadlocks"`
	TempBytes int64 `json:"tempBytes"`
	// CacheHits is the part of the pages that were found in shared buffers, from
	// 0 to 1; 1 if none was looked for.
	CacheHits float64 `json:"cacheHits"`
	// OldestTransaction is how long ago the oldest transaction that is open
	// began, in milliseconds; what was deleted since cannot be cleared away.
	OldestTransactionMillis float64    `json:"oldestTransactionMillis"`
	Since                   *time.Time `json:"since,omitempty"`
	// Tables are sorted by name.
	Tables []TableStatistics `json:"tables" db:"-"`
}

// TableStatistics are what PostgreSQL counts about a table.
type TableStatistics struct {
	// Name is as SQL has it: in quotes if it needs them, and with its schema if
	// that is not in the search path.
	Name string `json:"name"`
	// Partitioned says that its rows are in partitions, which are listed, too.
	Partitioned bool `json:"partitioned,omitempty"`
	// Rows is an estimate, from the last vacuum or analyze and what was done
	// since. DeadRows have been deleted or changed, and not cleared away yet.
	Rows     int64 `json:"rows"`
	DeadRows int64 `json:"deadRows"`
	// TableBytes is the size of the table without, and ToastBytes that of long
	// values, which are kept elsewhere; IndexBytes is that of all indexes.
	TableBytes int64 `json:"tableBytes"`
	ToastBytes int64 `json:"toastBytes"`
	IndexBytes int64 `json:"indexBytes"`
	// SeqScans and IndexScans say how the table was read.
	SeqScans   int64 `json:"seqScans"`
	IndexScans int64 `json:"indexScans"`
	// Inserted, Updated and Deleted are how many rows were.
	Inserted int64 `json:"inserted"`
	Updated  int64 `json:"updated"`
	Deleted  int64 `json:"deleted"`
	// ModifiedSinceAnalyze and InsertedSinceVacuum are how many rows were
	// changed since the planner's statistics were made, and added since the
	// last vacuum.
	ModifiedSinceAnalyze int64 `json:"modifiedSinceAnalyze"`
	InsertedSinceVacuum  int64 `json:"insertedSinceVacuum"`
	// LastVacuum and LastAnalyze are when, by autovacuum or somebody.
	LastVacuum  *time.Time `json:"lastVacuum,omitempty"`
	LastAnalyze *time.Time `json:"lastAnalyze,omitempty"`
	// Columns is filled in by TableStatistics only.
	Columns []ColumnStatistics `json:"columns,omitempty" db:"-"`

	// owned says that the role may vacuum the table.
	owned bool
}

// ColumnStatistics are what the planner knows about a column, since the last
// analyze.
type ColumnStatistics struct {
	Name string `json:"name"`
	// Nulls is the part of the rows that have none, from 0 to 1.
	Nulls float64 `json:"nulls"`
	// AverageBytes is how long a value is.
	AverageBytes int64 `json:"averageBytes"`
	// Distinct is how many different values there are, if it is positive; else
	// its negative is how many there are for each row.
	Distinct float64 `json:"distinct"`
	// Correlation says how far the order of the rows on disk is that of the
	// values, from -1 to 1; nil if the values have no order.
	Correlation *float64 `json:"correlation,omitempty"`
}

// Statistics returns what PostgreSQL counts about the database.
func (p *Presenter) Statistics(ctx context.Context) (Statistics, error) {
	const op = "reading statistics"
	s, err := queryOne(ctx, p.runner, op, "", pgx.RowToStructByPos[Statistics], databaseSQL)
	if err == nil {
		s.Tables, err = p.tableStatistics(ctx, p.runner, op)
	}
	return s, err
}

// TableStatistics returns what PostgreSQL counts about one of the presenter's
// tables and knows about its columns, or ErrNotFound.
func (p *Presenter) TableStatistics(ctx context.Context, table string) (TableStatistics, error) {
	const op = "reading statistics of table"
	tables, err := p.tableStatistics(ctx, p.runner, op)
	if err != nil {
		return TableStatistics{}, err
	}
	for _, t := range tables {
		if t.Name == table {
			t.Columns, err = query(ctx, p.runner, op, table, pgx.RowToStructByPos[ColumnStatistics], columnsSQL, table)
			return t, err
		}
	}
	return TableStatistics{}, wrap(op, table, pgx.ErrNoRows)
}

func (p *Presenter) tableStatistics(ctx context.Context, r runner, op string) ([]TableStatistics, error) {
	return query(ctx, r, op, "", func(row pgx.CollectableRow) (t TableStatistics, err error) {
		return t, row.Scan(&t.Name, &t.Partitioned, &t.Rows, &t.DeadRows, &t.TableBytes, &t.ToastBytes, &t.IndexBytes, &t.SeqScans, &t.IndexScans,
			&t.Inserted, &t.Updated, &t.Deleted, &t.ModifiedSinceAnalyze, &t.InsertedSinceVacuum, &t.LastVacuum, &t.LastAnalyze, &t.owned)
	}, oursSQL+tablesSQL, ourTables())
}

const databaseSQL = `
SELECT pg_database_size(d.oid), s.numbackends, s.xact_commit, s.xact_rollback, s.deadlocks, s.temp_bytes,
	coalesce(s.blks_hit / nullif(s.blks_hit + s.blks_read, 0)::float8, 1),
	coalesce((SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000 FROM pg_stat_activity
		WHERE datid = d.oid AND backend_type = 'client backend'), 0)::float8,
	s.stats_reset
FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid WHERE d.datname = current_database()`

// tablesSQL goes after oursSQL. reltuples is -1 before the first vacuum or
// analyze. Since PostgreSQL 14 pg_stat_all_tables has partitioned tables, with
// nothing counted.
const tablesSQL = `
SELECT c.oid::regclass::text, c.relkind = 'p', coalesce(nullif(s.n_live_tup, 0), greatest(c.reltuples, 0))::bigint, s.n_dead_tup,
	pg_relation_size(c.oid), coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0), pg_indexes_size(c.oid),
	s.seq_scan, coalesce(s.idx_scan, 0), s.n_tup_ins, s.n_tup_upd, s.n_tup_del, s.n_mod_since_analyze, s.n_ins_since_vacuum,
	greatest(s.last_vacuum, s.last_autovacuum), greatest(s.last_analyze, s.last_autoanalyze), pg_has_role(c.relowner, 'USAGE')
FROM ours JOIN pg_class c USING (oid) JOIN pg_stat_all_tables s ON s.relid = c.oid
WHERE c.relkind IN ('r', 'p') ORDER BY 1`

const columnsSQL = `
SELECT s.attname, s.null_frac, s.avg_width, s.n_distinct, s.correlation
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
WHERE c.oid = $1::text::regclass ORDER BY a.attnum`
