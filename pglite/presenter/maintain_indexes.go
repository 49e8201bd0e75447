package presenter

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/calfdb/calf/schema"
)

// An IndexProblem is what is wrong with an index.
type IndexProblem string

// What can be wrong with an index.
const (
	// IndexMissing: the schema or Search needs it, and it is not there.
	IndexMissing IndexProblem = "missing"
	// IndexInvalid: CREATE INDEX CONCURRENTLY was interrupted or failed. It is
	// kept up to date, and never used. One that is being made is none.
	IndexInvalid IndexProblem = "invalid"
	// IndexLeftover: it is what an interrupted REINDEX CONCURRENTLY or IndexVectors
	// has left, invalid and of no use.
	IndexLeftover IndexProblem = "leftover"
	// IndexBloated: half of it is empty, and more than a megabyte.
	IndexBloated IndexProblem = "bloated"
	// IndexUnused: no query has used it since Statistics.Since, it keeps nothing
	// unique, and its table is not small. Whether that is long enough to drop it
	// is for you to say.
	IndexUnused IndexProblem = "unused"
	// IndexDuplicate: another index of the table has the same definition.
	IndexDuplicate IndexProblem = "duplicate"
)

// IndexHealth is how an index of one of the presenter's tables is.
type IndexHealth struct {
	// Name and Table are as SQL has them: in quotes if they need them, and with
	// their schema if that is not in the search path.
	Name  string `json:"name"`
	Table string `json:"table"`
	// Definition is the statement that makes it.
	Definition string `json:"definition"`
	// Method is its access method, such as btree or gin.
	Method string `json:"method"`
	Unique bool   `json:"unique"`
	// Ours says that migrations or methods of this package make such an index.
	// Others have been made by somebody else, and are never dropped.
	Ours bool `json:"ours"`
	// Bytes is its size. Scans is how often it was used since Statistics.Since,
	// and LastScan when last, which PostgreSQL counts from version 16 on.
	Bytes    int64      `json:"bytes"`
	Scans    int64      `json:"scans"`
	LastScan *time.Time `json:"lastScan,omitempty"`
	// BloatBytes estimates how much of it is empty beyond the usual, from the
	// planner's statistics: of B-trees that have been analyzed, else 0. Values
	// that repeat, which PostgreSQL packs, make the estimate too small.
	BloatBytes int64 `json:"bloatBytes"`
	// Problems is empty if all is well.
	Problems []IndexProblem `json:"problems,omitempty"`

	partitioned bool // it is that of a partitioned table, and holds nothing
	constraint  bool // it belongs to a constraint
	valid       bool
	rows        int64 // of the table, estimated
	promise     schema.Index
}

// Is reports whether an index has a problem.
func (h IndexHealth) Is(problem IndexProblem) bool { return slices.Contains(h.Problems, problem) }

// Thresholds of problems.
const (
	bloatedPart  = 0.5     // B-trees under random inserts are about 30 % empty
	bloatedBytes = 1 << 20 // below that, a rebuilt index gains nothing
	// unusedRows is how large a table must be for an unused index to mean
	// something: smaller ones are read as a whole.
	unusedRows = 1000
)

// Indexes returns how the indexes of the presenter's tables are, those that
// should be there and are not included, sorted by table and name. It reads
// catalogs and statistics only.
func (p *Presenter) Indexes(ctx context.Context) ([]IndexHealth, error) {
	return p.indexes(ctx, p.runner, "looking at indexes")
}

func (p *Presenter) indexes(ctx context.Context, r runner, op string) ([]IndexHealth, error) {
	promised, err := p.ourIndexes(ctx, r, op)
	if err != nil {
		return nil, err
	}
	list, err := query(ctx, r, op, "", func(row pgx.CollectableRow) (h IndexHealth, err error) {
		return h, row.Scan(&h.Name, &h.Table, &h.Definition, &h.Method, &h.Unique, &h.Bytes, &h.Scans, &h.LastScan, &h.BloatBytes,
			&h.partitioned, &h.constraint, &h.valid, &h.rows)
	}, oursSQL+indexesSQL, ourTables())
	if err != nil {
		return nil, err
	}
	for _, i := range promised {
		n := slices.IndexFunc(list, func(h IndexHealth) bool { return h.Name == nameBeside(h.Table, i.Name) && h.Table == i.Table })
		if n >= 0 {
			list[n].Ours, list[n].promise = true, i
			continue
		}
		list = append(list, IndexHealth{
			Name: nameBeside(i.Table, i.Name), Table: i.Table, Definition: strings.Join(i.SQL(false), "; "), Method: methodOf(i.Using),
			Unique: i.Unique, Ours: true, Problems: []IndexProblem{IndexMissing}, promise: i,
		})
	}
	for n := range list {
		list[n].Ours = list[n].Ours || ourName.MatchString(list[n].Name)
		list[n].Problems = append(list[n].Problems, list[n].problems(list)...)
	}
	slices.SortFunc(list, func(a, b IndexHealth) int {
		return strings.Compare(a.Table+" "+a.Name, b.Table+" "+b.Name)
	})
	return list, nil
}

// problems says what is wrong with an index that is there.
func (h IndexHealth) problems(all []IndexHealth) (list []IndexProblem) {
	if h.Is(IndexMissing) {
		return nil
	}
	if !h.valid {
		if h.leftover(all) {
			return []IndexProblem{IndexLeftover}
		}
		return []IndexProblem{IndexInvalid}
	}
	if h.BloatBytes > bloatedBytes && float64(h.BloatBytes) > bloatedPart*float64(h.Bytes) {
		list = append(list, IndexBloated)
	}
	if h.Scans == 0 && !h.Unique && !h.constraint && !h.partitioned && h.rows >= unusedRows {
		list = append(list, IndexUnused)
	}
	if !h.Ours && slices.ContainsFunc(all, func(o IndexHealth) bool { return o.Name != h.Name && o.valid && o.sameAs(h) }) {
		list = append(list, IndexDuplicate)
	}
	return list
}

// leftoverName is what REINDEX CONCURRENTLY calls the index that it makes, and
// then the one that it replaces. See PostgreSQL's documentation of REINDEX.
var leftoverName = regexp.MustCompile(`^(.*)_cc(new|old)[0-9]*$`)

// ourName is what indexes are called that methods make: those for Search of any
// language, and those of vectors, with the new one that is to replace one.
var ourName = regexp.MustCompile(`^idx_(messages_search|conversations_search|knowledge_chunks_search|knowledge_vectors_space)_`)

// leftover reports whether an invalid index was left by IndexVectors, or by
// REINDEX CONCURRENTLY: its name says so, and the index that it is a copy of is
// there. PostgreSQL cuts names of 63 bytes to have room for its own.
func (h IndexHealth) leftover(all []IndexHealth) bool {
	if ourName.MatchString(h.Name) && h.Table == "knowledge_vectors" && strings.HasSuffix(h.Name, "_new") {
		return true
	}
	parts := leftoverName.FindStringSubmatch(strings.Trim(h.Name, `"`))
	return parts != nil && slices.ContainsFunc(all, func(o IndexHealth) bool {
		return o.Name != h.Name && o.sameAs(h) && strings.HasPrefix(strings.Trim(o.Name, `"`), parts[1])
	})
}

// sameAs reports whether two indexes differ in their names only.
func (h IndexHealth) sameAs(o IndexHealth) bool {
	return h.Table == o.Table && h.Unique == o.Unique && using(h.Definition) == using(o.Definition)
}

func using(definition string) string {
	_, after, _ := strings.Cut(definition, " USING ")
	return after
}

func methodOf(using string) string {
	method, _, _ := strings.Cut(strings.TrimPrefix(using, "USING "), " ")
	return method
}

// nameBeside is the name, as SQL has it, of something in the schema of a table.
func nameBeside(table, name string) string {
	if dot := strings.LastIndex(table, "."); dot >= 0 {
		return table[:dot+1] + name
	}
	return name
}

// indexesSQL goes after oursSQL. What a B-tree should have is a tuple for each
// row, of a header of 8 bytes, a pointer to it of 4, and the values, in pages of
// which 24 + 16 bytes are PostgreSQL's own and 90 % are filled (storage/btree,
// "Free space" in nbtree/README); another percent is for the levels above. The
// widths of an index's expressions are statistics of the index itself.
const indexesSQL = `
SELECT x.indexrelid::regclass::text, x.indrelid::regclass::text, pg_get_indexdef(x.indexrelid), am.amname, x.indisunique,
	pg_relation_size(x.indexrelid), coalesce(s.idx_scan, 0), (to_jsonb(s)->>'last_idx_scan')::timestamptz,
	CASE WHEN am.amname = 'btree' AND i.reltuples >= 0 AND w.known
		THEN greatest(0, pg_relation_size(x.indexrelid) - page * (2 + ceil(1.01 * i.reltuples * (4 + 8 * ceil((8 + w.bytes) / 8.0)) / ((page - 40) * 0.9))))
		ELSE 0 END::bigint,
	i.relkind = 'I', EXISTS (SELECT FROM pg_constraint WHERE conindid = x.indexrelid AND contype IN ('p', 'u', 'x')),
	x.indisvalid AND x.indisready AND x.indislive OR EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = x.indexrelid), greatest(t.reltuples, 0)::bigint
FROM ours JOIN pg_index x ON x.indrelid = ours.oid
JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_am am ON am.oid = i.relam
LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = x.indexrelid
CROSS JOIN (SELECT current_setting('block_size')::int AS page) AS size
CROSS JOIN LATERAL (
	SELECT coalesce(sum(st.avg_width * (1 - st.null_frac)), 0) AS bytes, bool_and(st.avg_width IS NOT NULL) AS known
	FROM pg_attribute k
	LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k.attnum - 1]
	LEFT JOIN pg_stats st ON st.schemaname = n.nspname AND NOT st.inherited
		AND CASE WHEN a.attname IS NULL THEN st.tablename = i.relname AND st.attname = k.attname
			ELSE st.tablename = t.relname AND st.attname = a.attname END
	WHERE k.attrelid = x.indexrelid AND k.attnum > 0
) AS w`
