package presenter

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"
)

// DefaultMatches is how many matches a query gives if the caller does not say.
const DefaultMatches = 10

// Limits of the effort of a search in an index; see pgvector's documentation.
const (
	// DefaultEfSearch is at least how many candidates a search in an HNSW index
	// keeps: more than pgvector's 40, which in vectors of a language model miss
	// some of the ten nearest too often.
	DefaultEfSearch = 100
	// MaxEfSearch is the most, and MaxPage with it.
	MaxEfSearch = 1000
)

// QueryOptions say what to find. The zero value finds the DefaultMatches
// nearest.
type QueryOptions struct {
	// Limit is how many at most; 0 means DefaultMatches, and the most is MaxPage.
	Limit int
	// Threshold is the smallest similarity, as the metric defines it, or nil.
	Threshold *float64
	// Metric is the base's if empty. With another one the search is exact.
	Metric Metric
	// EfSearch is how many candidates a search in an HNSW index keeps; 0 means
	// DefaultEfSearch, or twice the limit if that is more. More find more of
	// what an exact search finds, and take longer. The most is MaxEfSearch.
	EfSearch int
	// Probes is how many lists of an IVFFlat index are searched; 0 means the
	// square root of their number, or more for a large limit.
	Probes int
	// Exact compares all vectors, and does not use an index.
	Exact bool
	// Filter is what is searched.
	Filter QueryFilter
}

// A QueryFilter limits a search to a part of a base. The zero value is all.
// Whatever the filter, a search finds as many as it should: should an index
// give too few that pass, the rest is searched exactly.
type QueryFilter struct {
	// FileIDs are the files, or nil for all; an empty list is none.
	FileIDs []string
	// Metadata and ChunkMetadata are JSON that the file's and the chunk's
	// contain, as with PostgreSQL's @>.
	Metadata, ChunkMetadata json.RawMessage
	// Completed leaves out files and chunks of another status.
	Completed bool
}

func (f QueryFilter) empty() bool {
	return f.FileIDs == nil && f.Metadata == nil && f.ChunkMetadata == nil && !f.Completed
}

// A Match is a chunk that was found.
type Match struct {
	// VectorID is empty if the chunk was found by its words only.
	VectorID   string          `json:"vectorId,omitempty"`
	FileID     string          `json:"fileId"`
	ChunkID    string          `json:"chunkId"`
	ChunkIndex int             `json:"chunkIndex"`
	Content    string          `json:"content"`
	FileName   string          `json:"fileName"`
	FilePath   string          `json:"filePath"`
	Metadata   json.RawMessage `json:"metadata"` // of the chunk
	// Distance is as Metric says, the less the nearer, and Similarity the more
	// the nearer. They are 0 if the chunk was found by its words only.
	Distance   float64 `json:"distance"`
	Similarity float64 `json:"similarity"`
	// Score is what HybridQuery sorts by; 0 elsewhere.
	Score float64 `json:"score,omitempty"`
}

func scanMatch(row pgx.CollectableRow) (m Match, err error) {
	err = row.Scan(&m.VectorID, &m.FileID, &m.ChunkID, &m.ChunkIndex, &m.Content, &m.FileName, &m.FilePath, &m.Metadata,
		&m.Distance, &m.Similarity, &m.Score)
	return m, err
}

// SimilarityQuery returns the chunks of a base whose vectors are nearest to one,
// the nearest first. If the base has an index (see IndexVectors), that finds
// nearly all of them, in little time; otherwise all vectors are compared.
//
// For Cosine, vectors whose numbers are all 0 are near nothing: they are not
// found, and looking for one is ErrInvalid.
func (k knowledge) SimilarityQuery(ctx context.Context, baseID string, vector []float32, o QueryOptions) ([]Match, error) {
	const op = "searching knowledge base"
	return k.search(ctx, op, baseID, vector, o, func(q *vectorQuery) (string, int) {
		return fmt.Sprintf(`
			SELECT near.id, near.file_id, near.chunk_id, c.chunk_index, c.content, f.name, f.path, c.metadata, distance, %s, 0::float8
			FROM (%s) AS near
			JOIN knowledge_chunks c ON c.id = near.chunk_id JOIN knowledge_files f ON f.id = near.file_id
			WHERE %s ORDER BY distance, near.id LIMIT %d`, q.metric.similarity(), q.near(), q.enough(), q.limit), q.limit
	})
}

// search runs what sql makes of a query, which also says how many rows there
// are at most. If there are less, it looks whether there is a reason: an index
// that gives too few that pass the filter, and a base that was embedded anew
// before its old vectors were searched.
func (k knowledge) search(ctx context.Context, op, baseID string, vector []float32, o QueryOptions, sql func(*vectorQuery) (string, int)) ([]Match, error) {
	s, err := k.current(ctx, op, baseID)
	for err == nil {
		var q *vectorQuery
		if q, err = newVectorQuery(op, baseID, s, k.cfg, vector, o); err != nil {
			break
		}
		text, limit := sql(q)
		list, err := queryWith(ctx, k.runner, op, baseID, q.settings(), scanMatch, text, q.args)
		if err != nil || len(list) >= limit {
			return list, err
		}
		now, err := k.current(ctx, op, baseID)
		if err != nil {
			return nil, err
		}
		if now.id == s.id {
			if q.index == "" || o.Filter.empty() {
				return list, nil
			}
			now.index = ""
		}
		s = now
	}
	return nil, err
}

// A vectorQuery is a search that has been checked.
type vectorQuery struct {
	space
	limit            int
	candidates       int // how many the innermost query gives
	metric           Metric
	filter           QueryFilter
	threshold        bool
	efSearch, probes int
	iterative        bool
	args             pgx.NamedArgs
}

// newVectorQuery checks options and fills in defaults.
func newVectorQuery(op, baseID string, s space, cfg *Config, vector []float32, o QueryOptions) (*vectorQuery, error) {
	q := &vectorQuery{space: s, limit: o.Limit, metric: o.Metric, filter: o.Filter, threshold: o.Threshold != nil, efSearch: o.EfSearch, probes: o.Probes,
		iterative: cfg.iterative}
	if q.limit == 0 {
		q.limit = DefaultMatches
	}
	if q.metric == "" {
		q.metric = s.metric
	}
	if q.limit < 0 || q.limit > MaxPage {
		return nil, refuse(op, baseID, invalidParameter, "a limit of %d is not between 1 and %d", q.limit, MaxPage)
	}
	if err := checkSpace(op, baseID, s.dimensions, q.metric); err != nil {
		return nil, err
	}
	if q.efSearch == 0 {
		q.efSearch = min(max(DefaultEfSearch, 2*q.limit), MaxEfSearch)
	}
	if q.efSearch < 0 || q.efSearch > MaxEfSearch {
		return nil, refuse(op, baseID, invalidParameter, "EfSearch %d is not between 1 and %d", q.efSearch, MaxEfSearch)
	}
	if q.probes < 0 || q.probes > maxLists {
		return nil, refuse(op, baseID, invalidParameter, "Probes %d is not between 1 and %d", q.probes, maxLists)
	}
	if o.Exact || q.metric != s.metric {
		q.index = ""
	}
	if err := checkVector(op, baseID, vector, s.dimensions); err != nil {
		return nil, err
	}
	if q.metric == Cosine && isZero(vector) {
		return nil, refuse(op, baseID, dataException, "a vector of zeros has no direction, and no angle to another")
	}
	threshold := 0.0
	if o.Threshold != nil {
		if threshold = *o.Threshold; math.IsNaN(threshold) {
			return nil, refuse(op, baseID, invalidParameter, "the threshold is not a number")
		}
	}
	q.candidates = q.limit
	if s.half() {
		q.candidates = max(2*q.limit, DefaultMatches) // of which the best are found with all their digits
	}
	// In the order of nothing: a statement uses what it names.
	q.args = pgx.NamedArgs{
		"vector": vector, "threshold": threshold, "base": baseID, "files": o.Filter.FileIDs,
		"metadata": nullableJSON(o.Filter.Metadata), "chunk_metadata": nullableJSON(o.Filter.ChunkMetadata),
	}
	return q, nil
}

func isZero(v []float32) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}

// settings is SQL that tells pgvector how much to search, or empty if no index
// is used. Without a filter the index is what is wanted, whatever the planner
// thinks of the costs; it sorts only if it does not use it.
func (q *vectorQuery) settings() string {
	var set []string
	add := func(name, value string) { set = append(set, fmt.Sprintf("set_config('%s', '%s', true)", name, value)) }
	switch q.index {
	case "":
		return ""
	case "hnsw":
		add("hnsw.ef_search", fmt.Sprint(q.efSearch))
	case "ivfflat":
		probes := q.probes
		if probes == 0 {
			probes = max(int(math.Ceil(math.Sqrt(float64(q.lists)))), 1)
		}
		add("ivfflat.probes", fmt.Sprint(probes))
	}
	if q.iterative {
		add(q.index+".iterative_scan", "relaxed_order")
	}
	if q.filter.empty() {
		add("enable_sort", "off")
	}
	return "SELECT " + strings.Join(set, ", ")
}

// near is the query of the nearest vectors: id, file_id, chunk_id and distance.
// The index is on an expression, and the order by that expression what makes
// PostgreSQL use it.
func (q *vectorQuery) near() string {
	order := fmt.Sprintf("v.embedding %s @vector::real[]::vector", q.metric.operator())
	distance := order
	if q.index != "" {
		typ := q.columnType()
		order = fmt.Sprintf("(v.embedding::%s) %s @vector::real[]::vector::%[1]s", typ, q.metric.operator())
	}
	return fmt.Sprintf(`SELECT v.id, v.file_id, v.chunk_id, %s AS distance FROM knowledge_vectors v WHERE v.space_id = %d%s ORDER BY %s LIMIT %d`,
		distance, q.id, q.where(), order, q.candidates)
}

// where is the filter as conditions of vectors v.
func (q *vectorQuery) where() string {
	var b strings.Builder
	if q.filter.FileIDs != nil {
		b.WriteString(" AND v.file_id = ANY(@files::text[])")
	}
	if q.filter.Metadata != nil || q.filter.Completed {
		b.WriteString(" AND v.file_id IN (SELECT f.id FROM knowledge_files f WHERE f.base_id = @base" + q.whereFile() + ")")
	}
	if q.filter.ChunkMetadata != nil || q.filter.Completed {
		b.WriteString(" AND v.chunk_id IN (SELECT c.id FROM knowledge_chunks c WHERE c.base_id = @base" + q.whereChunk() + ")")
	}
	return b.String()
}

func (q *vectorQuery) whereFile() string {
	var s string
	if q.filter.Metadata != nil {
		s = " AND f.metadata @> @metadata::jsonb"
	}
	if q.filter.Completed {
		s += " AND f.status = 'completed'"
	}
	return s
}

func (q *vectorQuery) whereChunk() string {
	var s string
	if q.filter.ChunkMetadata != nil {
		s = " AND c.metadata @> @chunk_metadata::jsonb"
	}
	if q.filter.Completed {
		s += " AND c.status = 'completed'"
	}
	return s
}

// enough is the condition that a distance is near enough. That of a vector of
// zeros is not a number, which PostgreSQL takes for more than any.
func (q *vectorQuery) enough() string {
	s := "distance <> 'NaN'"
	if q.threshold {
		s += " AND " + q.metric.similarity() + " >= @threshold::float8"
	}
	return s
}
