package manager

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// An Embedding is a text with a vector that stands for what it means.
type Embedding struct {
	ID        int64
	CreatedAt time.Time
	Content   string
	Vector    []float32
}

// EmbeddingDimension is how many elements a vector has: those of the model
// gte-small, which database.build uses.
const EmbeddingDimension = 384

// SaveEmbeddings keeps texts with their vectors in meta.embeddings, all or none,
// and returns their ids. Only Content and Vector count.
func (h *Handle) SaveEmbeddings(ctx context.Context, list []Embedding) (_ []int64, err error) {
	defer func() { err = wrap(err, "saving embeddings in database", h.ID()) }()
	contents, vectors := make([]string, len(list)), make([]string, len(list))
	for i, e := range list {
		if len(e.Vector) != EmbeddingDimension {
			return nil, fmt.Errorf("%w: vector %d has %d elements, not %d", ErrInvalid, i, len(e.Vector), EmbeddingDimension)
		}
		contents[i], vectors[i] = e.Content, pgvector.NewVector(e.Vector).String()
	}
	rows, err := h.Query(ctx, `INSERT INTO meta.embeddings (content, embedding)
		SELECT content, embedding::vector FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS e (content, embedding, n) ORDER BY n
		RETURNING id`, contents, vectors)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// Embeddings returns those with these ids, without those that are not there, in
// the order of ids.
func (h *Handle) Embeddings(ctx context.Context, ids ...int64) (_ []Embedding, err error) {
	defer func() { err = wrap(err, "reading embeddings of database", h.ID()) }()
	rows, err := h.Query(ctx, "SELECT id, created_at, content, embedding FROM meta.embeddings WHERE id = ANY($1) ORDER BY id", ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Embedding, err error) {
		err = scanEmbedding(row, &e)
		return e, err
	})
}

func scanEmbedding(row pgx.CollectableRow, e *Embedding, more ...any) error {
	var v pgvector.Vector
	err := row.Scan(append([]any{&e.ID, &e.CreatedAt, &e.Content, &v}, more...)...)
	e.CreatedAt, e.Vector = e.CreatedAt.UTC(), v.Slice()
	return err
}

// A Metric is how far two vectors are from each other.
type Metric string

// The metrics: pgvector's operators <=>, <-> and <#>.
const (
	Cosine       Metric = "cosine" // 1 - cosine similarity
	L2           Metric = "l2"     // Euclidean distance
	InnerProduct Metric = "ip"     // the negative inner product
)

// SearchOptions say what to look for. The zero value finds the ten nearest by
// cosine distance.
type SearchOptions struct {
	// Limit is how many to find at most; 0 means ten.
	Limit int
	// MaxDistance leaves out what is farther away, if it is not nil.
	MaxDistance *float64
	// Metric is the distance; "" means Cosine.
	Metric Metric
}

// A Match is an embedding that was found.
type Match struct {
	Embedding
	Distance float64
}

// SearchEmbeddings returns the embeddings nearest to a vector, the nearest first.
// It compares all of them: database.build's table has no index, and here, too,
// one is made when somebody makes it.
func (h *Handle) SearchEmbeddings(ctx context.Context, vector []float32, o SearchOptions) (_ []Match, err error) {
	defer func() { err = wrap(err, "searching embeddings of database", h.ID()) }()
	operator, ok := map[Metric]string{"": "<=>", Cosine: "<=>", L2: "<->", InnerProduct: "<#>"}[o.Metric]
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: there is no metric %q", ErrInvalid, o.Metric)
	case o.Limit < 0:
		return nil, fmt.Errorf("%w: the limit %d is negative", ErrInvalid, o.Limit)
	case len(vector) != EmbeddingDimension:
		return nil, fmt.Errorf("%w: the vector has %d elements, not %d", ErrInvalid, len(vector), EmbeddingDimension)
	}
	if o.Limit == 0 {
		o.Limit = 10
	}
	distance := "embedding " + operator + " $1"
	rows, err := h.Query(ctx, "SELECT id, created_at, content, embedding, "+distance+` FROM meta.embeddings
		WHERE $2::float8 IS NULL OR `+distance+" <= $2 ORDER BY "+distance+", id LIMIT $3",
		pgvector.NewVector(vector), o.MaxDistance, o.Limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Match, err error) {
		err = scanEmbedding(row, &m.Embedding, &m.Distance)
		return m, err
	})
}
