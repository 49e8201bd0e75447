package presenter

import (
	"context"
	"fmt"
	"strings"
)

// HybridOptions say what to find. The zero value is usual.
type HybridOptions struct {
	// QueryOptions are those of the search for vectors; Limit is of both, and
	// the threshold of vectors only.
	QueryOptions
	// WordWeight is how much a place in the search for words counts, if one in
	// that for vectors counts 1; 0 means 1.
	WordWeight float64
}

const (
	// fusion is the k of reciprocal rank fusion, as Cormack, Clarke and Büttcher
	// chose it: the larger, the less does the first place count for.
	fusion = 60
	// fused is at least how many of each search are fused.
	fused = 50
	// rankedWords is how many chunks with one of the words are ranked: more would
	// take more than a second.
	rankedWords = 10_000
)

// HybridQuery searches a base for words and for vectors, and fuses what both
// find by reciprocal rank fusion: a chunk's score is the sum of 1/(60 + place)
// over the searches that found it, so that what both find comes first.
//
// Any of the words is enough, many and rare ones are better; they are compared
// as in Search. If more than 10 000 chunks have one of the words, some of them
// are not considered.
func (k knowledge) HybridQuery(ctx context.Context, baseID, words string, vector []float32, o HybridOptions) ([]Match, error) {
	const op = "searching knowledge base"
	if o.WordWeight == 0 {
		o.WordWeight = 1
	}
	if !(o.WordWeight > 0 && o.WordWeight <= 1000) {
		return nil, refuse(op, baseID, invalidParameter, "WordWeight %v is not between 0 and 1000", o.WordWeight)
	}
	limit := o.Limit
	if limit == 0 {
		limit = DefaultMatches
	}
	if limit > 0 && limit <= MaxPage {
		o.Limit = min(max(fused, 2*limit), MaxPage)
	}
	return k.search(ctx, op, baseID, vector, o.QueryOptions, func(q *vectorQuery) (string, int) {
		q.args["words"], q.args["weight"] = words, o.WordWeight
		return k.hybridSQL(q, limit), limit
	})
}

// hybridSQL materializes each search, since what makes the planner use an index
// for one must not change the other.
func (k knowledge) hybridSQL(q *vectorQuery, limit int) string {
	wordsQuery := fmt.Sprintf("replace(plainto_tsquery('%s'::regconfig, @words)::text, ' & ', ' | ')::tsquery", k.cfg.Language)
	var filter strings.Builder
	if q.filter.FileIDs != nil {
		filter.WriteString(" AND c.file_id = ANY(@files::text[])")
	}
	if q.filter.Metadata != nil || q.filter.Completed {
		filter.WriteString(" AND c.file_id IN (SELECT f.id FROM knowledge_files f WHERE f.base_id = @base" + q.whereFile() + ")")
	}
	filter.WriteString(q.whereChunk())
	vector := k.vector("c.content")
	return fmt.Sprintf(`
		WITH near AS MATERIALIZED (%[1]s),
		by_vector AS (
			SELECT *, row_number() OVER (ORDER BY distance, id) AS place FROM (
				SELECT DISTINCT ON (chunk_id) chunk_id, id, distance FROM near WHERE %[2]s ORDER BY chunk_id, distance, id
			) AS best
		),
		found AS MATERIALIZED (
			SELECT c.id AS chunk_id, %[3]s AS vector FROM knowledge_chunks c
			WHERE c.base_id = @base AND %[3]s @@ %[4]s%[5]s LIMIT %[6]d
		),
		by_words AS (
			SELECT chunk_id, row_number() OVER (ORDER BY rank DESC, chunk_id) AS place FROM (
				SELECT chunk_id, ts_rank(vector, %[4]s, 1) AS rank FROM found ORDER BY rank DESC, chunk_id LIMIT %[7]d
			) AS best
		),
		both_ways AS (
			SELECT chunk_id, coalesce(v.id, '') AS id, coalesce(distance, 0) AS distance,
				coalesce(%[8]s, 0) AS similarity,
				coalesce(1.0::float8 / (%[9]d + v.place), 0) + coalesce(@weight::float8 / (%[9]d + w.place), 0) AS score
			FROM by_vector v FULL JOIN by_words w USING (chunk_id)
			ORDER BY score DESC, chunk_id LIMIT %[10]d
		)
		SELECT b.id, c.file_id, c.id, c.chunk_index, c.content, f.name, f.path, c.metadata, b.distance, b.similarity, b.score
		FROM both_ways b JOIN knowledge_chunks c ON c.id = b.chunk_id JOIN knowledge_files f ON f.id = c.file_id
		ORDER BY b.score DESC, c.id`,
		q.near(), q.enough(), vector, wordsQuery, filter.String(), rankedWords, q.candidates, q.metric.similarity(), fusion, limit)
}
