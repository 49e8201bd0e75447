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
	// wordHits is how many chunks with a word are considered, and of how many it
	// is said to be rare. A word that more have says little.
	wordHits = 10_000
)

// HybridQuery searches a base for words and for vectors, and fuses what both
// find by reciprocal rank fusion: a chunk's score is the sum of 1/(60 + place)
// over the searches that found it, so that what both find comes first.
//
// Any of the words is enough, many and rare ones are better; they are compared
// as in Search. Of a word that more than 10 000 chunks have, some of these are
// not considered.
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
// for one must not change the other. Words are looked up one by one: which chunks
// have one is what a GIN index knows without reading them, and how many, too, from
// which follows what it counts for (its inverse document frequency). Only the best
// are read, to sort those with the same words by how often they have them. The base
// is compared in a way that no index knows: before a table has been analyzed, the
// planner would take that index, and read and parse all of the base.
func (k knowledge) hybridSQL(q *vectorQuery, limit int) string {
	var filter strings.Builder
	if q.filter.FileIDs != nil {
		filter.WriteString(" AND c.file_id = ANY(@files::text[])")
	}
	if q.filter.Metadata != nil || q.filter.Completed {
		filter.WriteString(" AND c.file_id IN (SELECT f.id FROM knowledge_files f WHERE f.base_id = @base" + q.whereFile() + ")")
	}
	filter.WriteString(q.whereChunk())
	return strings.NewReplacer(
		"{near}", q.near(), "{enough}", q.enough(), "{similarity}", q.metric.similarity(), "{filter}", filter.String(),
		"{vector}", k.vector("c.content"), "{language}", k.cfg.Language, "{wordHits}", fmt.Sprint(wordHits),
		"{ranked}", fmt.Sprint(max(Ranked, q.candidates)), "{candidates}", fmt.Sprint(q.candidates), "{k}", fmt.Sprint(fusion), "{limit}", fmt.Sprint(limit),
	).Replace(`
		WITH near AS MATERIALIZED ({near}),
		by_vector AS (
			SELECT *, row_number() OVER (ORDER BY distance, id) AS place FROM (
				SELECT DISTINCT ON (chunk_id) chunk_id, id, distance FROM near WHERE {enough} ORDER BY chunk_id, distance, id
			) AS best
		),
		words AS MATERIALIZED (
			SELECT ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery AS word
			FROM unnest(to_tsvector('{language}'::regconfig, @words))
		),
		hits AS MATERIALIZED (
			SELECT word, chunk_id, count(*) OVER (PARTITION BY word) AS n FROM words CROSS JOIN LATERAL (
				SELECT c.id AS chunk_id FROM knowledge_chunks c WHERE c.base_id || '' = @base AND {vector} @@ word{filter} LIMIT {wordHits}
			) AS found
		),
		rarest AS MATERIALIZED (
			SELECT chunk_id, round(sum(ln(1 + counted.n / hits.n::float8))::numeric, 6) AS weight
			FROM hits CROSS JOIN (SELECT count(*) AS n FROM (SELECT FROM knowledge_chunks WHERE base_id = @base LIMIT {wordHits}) AS some_of_them) AS counted
			GROUP BY chunk_id ORDER BY weight DESC, chunk_id LIMIT {ranked}
		),
		by_words AS (
			SELECT chunk_id, row_number() OVER (ORDER BY weight DESC, rank DESC, chunk_id) AS place FROM (
				SELECT chunk_id, weight, ts_rank({vector}, replace(plainto_tsquery('{language}'::regconfig, @words)::text, ' & ', ' | ')::tsquery, 1) AS rank
				FROM rarest JOIN knowledge_chunks c ON c.id = chunk_id
				ORDER BY weight DESC, rank DESC, chunk_id LIMIT {candidates}
			) AS best
		),
		both_ways AS (
			SELECT chunk_id, coalesce(v.id, '') AS id, coalesce(distance, 0) AS distance,
				coalesce({similarity}, 0) AS similarity,
				coalesce(1.0::float8 / ({k} + v.place), 0) + coalesce(@weight::float8 / ({k} + w.place), 0) AS score
			FROM by_vector v FULL JOIN by_words w USING (chunk_id)
			ORDER BY score DESC, chunk_id LIMIT {limit}
		)
		SELECT b.id, c.file_id, c.id, c.chunk_index, c.content, f.name, f.path, c.metadata, b.distance, b.similarity, b.score
		FROM both_ways b JOIN knowledge_chunks c ON c.id = b.chunk_id JOIN knowledge_files f ON f.id = c.file_id
		ORDER BY b.score DESC, c.id`)
}
