package presenter

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// MaxDimensions is how many numbers a vector can have: pgvector's limit.
const MaxDimensions = 16000

// A Metric says how far two vectors are from each other.
type Metric string

// The metrics of pgvector that knowledge bases know.
const (
	// Cosine is one minus the cosine of the angle, from 0 to 2; the similarity
	// is the cosine. It is the default.
	Cosine Metric = "cosine"
	// L2 is the Euclidean distance; the similarity is 1 / (1 + distance).
	L2 Metric = "l2"
	// InnerProduct is the negative inner product, which for vectors of length 1
	// orders as Cosine does, and is faster; the similarity is the inner product.
	InnerProduct Metric = "ip"
)

// operator returns pgvector's operator.
func (m Metric) operator() string { return metrics[m].operator }

// similarity is SQL that makes a similarity of the column distance.
func (m Metric) similarity() string { return metrics[m].similarity }

// metrics has for each metric the operator of distance, the suffix of the
// operator classes and the similarity.
var metrics = map[Metric]struct{ operator, class, similarity string }{
	Cosine:       {"<=>", "cosine_ops", "1 - distance"},
	L2:           {"<->", "l2_ops", "1 / (1 + distance)"},
	InnerProduct: {"<#>", "ip_ops", "-distance"},
}

// A Base is a knowledge base: files in pieces, with a vector for each piece.
type Base struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Dimensions is how many numbers each vector has, and Metric how they are
	// compared.
	Dimensions int    `json:"dimensions"`
	Metric     Metric `json:"metric"`
	// Model is what makes the vectors, in the program's words.
	Model string `json:"model"`
	// CreatedAt has milliseconds.
	CreatedAt time.Time       `json:"createdAt"`
	Metadata  json.RawMessage `json:"metadata"`
}

// NewBase is what a base is made of. Dimensions is required.
type NewBase struct {
	// ID is a new one if empty.
	ID, Name   string
	Dimensions int
	// Metric is Cosine if empty.
	Metric Metric
	Model  string
	// CreatedAt is now if zero.
	CreatedAt time.Time
	// Metadata is a JSON object, {} if empty.
	Metadata json.RawMessage
}

// BaseUpdate has what is to change; nil fields stay. What the vectors are
// changes by Reembed.
type BaseUpdate struct {
	Name     *string
	Metadata json.RawMessage
}

const selectBases = `SELECT b.base_id, b.name, s.dimensions, s.metric, s.model, b.created_at, b.metadata
	FROM knowledge_bases b JOIN knowledge_spaces s ON s.base_id = b.base_id AND s.is_current`

func scanBase(row pgx.CollectableRow) (b Base, err error) {
	var created int64
	err = row.Scan(&b.ID, &b.Name, &b.Dimensions, &b.Metric, &b.Model, &created, &b.Metadata)
	b.CreatedAt = fromMillis(created)
	return b, err
}

// CreateBase makes a knowledge base. Searches are exact until IndexVectors has
// been called.
func (k knowledge) CreateBase(ctx context.Context, n NewBase) (b Base, err error) {
	const op = "creating knowledge base"
	if n.Metric == "" {
		n.Metric = Cosine
	}
	if err := checkSpace(op, n.ID, n.Dimensions, n.Metric); err != nil {
		return b, err
	}
	id, created := k.cfg.id(n.ID), k.cfg.millis(n.CreatedAt)
	err = k.atomically(ctx, op, func(r runner) error {
		if _, err := r.exec(ctx, op, id, "INSERT INTO knowledge_bases (base_id, name, created_at, metadata) VALUES ($1, $2, $3, $4)",
			id, n.Name, created, rawJSON(n.Metadata)); err != nil {
			return err
		}
		if _, err := r.exec(ctx, op, id, `INSERT INTO knowledge_spaces (base_id, dimensions, metric, model, is_current, created_at)
			VALUES ($1, $2, $3, $4, true, $5)`, id, n.Dimensions, string(n.Metric), n.Model, created); err != nil {
			return err
		}
		b, err = knowledge{r}.Base(ctx, id)
		return err
	})
	return b, err
}

// checkSpace refuses what no vector can be.
func checkSpace(op, id string, dimensions int, metric Metric) error {
	if dimensions < 1 || dimensions > MaxDimensions {
		return refuse(op, id, invalidParameter, "%d dimensions are not between 1 and %d", dimensions, MaxDimensions)
	}
	if _, ok := metrics[metric]; !ok {
		return refuse(op, id, invalidParameter, "there is no metric %q", shorten(string(metric)))
	}
	return nil
}

// Base returns a knowledge base, or ErrNotFound.
func (k knowledge) Base(ctx context.Context, id string) (Base, error) {
	return queryOne(ctx, k.runner, "reading knowledge base", id, scanBase, selectBases+" WHERE b.base_id = $1", id)
}

// Bases returns all knowledge bases, in the order in which they were created.
func (k knowledge) Bases(ctx context.Context) ([]Base, error) {
	return query(ctx, k.runner, "listing knowledge bases", "", scanBase, selectBases+" ORDER BY b.created_at, b.base_id")
}

// UpdateBase changes what is given of a base.
func (k knowledge) UpdateBase(ctx context.Context, id string, u BaseUpdate) error {
	return k.execOne(ctx, "updating knowledge base", id,
		"UPDATE knowledge_bases SET name = coalesce($2, name), metadata = coalesce($3::jsonb, metadata) WHERE base_id = $1",
		id, u.Name, nullableJSON(u.Metadata))
}

// DeleteBase deletes a base with all that is in it, and the indexes of its
// vectors.
func (k knowledge) DeleteBase(ctx context.Context, id string) error {
	const op = "deleting knowledge base"
	return k.atomically(ctx, op, func(r runner) error {
		spaces, err := query(ctx, r, op, id, pgx.RowTo[int32], "SELECT space_id FROM knowledge_spaces WHERE base_id = $1 FOR UPDATE", id)
		if err != nil {
			return err
		}
		if err := r.execOne(ctx, op, id, "DELETE FROM knowledge_bases WHERE base_id = $1", id); err != nil {
			return err
		}
		// At last, since from here on nobody else can read vectors.
		for _, s := range spaces {
			if err := (knowledge{r}).dropIndex(ctx, op, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// A space is where vectors of a base live.
type space struct {
	id         int32
	dimensions int
	metric     Metric
	model      string
	// index is the access method of its index, hnsw or ivfflat, or empty.
	index string
	// lists is how many of them an ivfflat index has.
	lists int
}

const selectSpaces = `SELECT s.space_id, s.dimensions, s.metric, s.model, coalesce(am.amname, ''),
	coalesce((SELECT option_value::int FROM pg_options_to_table(i.reloptions) WHERE option_name = 'lists'), 0)
	FROM knowledge_spaces s
	LEFT JOIN pg_index x ON x.indexrelid = to_regclass('idx_knowledge_vectors_space_' || s.space_id) AND x.indisvalid
	LEFT JOIN pg_class i ON i.oid = x.indexrelid
	LEFT JOIN pg_am am ON am.oid = i.relam
	WHERE s.base_id = $1`

func scanSpace(row pgx.CollectableRow) (s space, err error) {
	err = row.Scan(&s.id, &s.dimensions, &s.metric, &s.model, &s.index, &s.lists)
	return s, err
}

// current returns the space that searches use.
func (k knowledge) current(ctx context.Context, op, baseID string) (space, error) {
	return queryOne(ctx, k.runner, op, baseID, scanSpace, selectSpaces+" AND s.is_current", baseID)
}
