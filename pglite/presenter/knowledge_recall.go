package presenter

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// RecallOptions say how to check an index. The zero value is usual.
type RecallOptions struct {
	// Samples is how many of the base's vectors are looked for; 0 means 100, and
	// the most is MaxPage.
	Samples int
	// QueryOptions are those of the searches that are to be judged.
	QueryOptions
}

// A Recall says how much of what an exact search finds an index finds.
type Recall struct {
	// Samples is how many vectors were looked for, and Limit how many others were
	// to be found for each.
	Samples int `json:"samples"`
	Limit   int `json:"limit"`
	// Mean is the part that was found, of all; Worst of the vector for which it
	// was least. 1 is all.
	Mean  float64 `json:"mean"`
	Worst float64 `json:"worst"`
}

// CheckRecall looks for random vectors of a base with its index and without it,
// and compares what is found. Each is found itself, which does not count. A
// base without an index, or with less than two vectors, has a recall of 1.
//
// Each sample costs an exact search.
func (k knowledge) CheckRecall(ctx context.Context, baseID string, o RecallOptions) (Recall, error) {
	const op = "checking index of knowledge base"
	if o.Samples == 0 {
		o.Samples = 100
	}
	if o.Samples < 0 || o.Samples > MaxPage {
		return Recall{}, refuse(op, baseID, invalidParameter, "%d samples are not between 1 and %d", o.Samples, MaxPage)
	}
	if o.Limit == 0 {
		o.Limit = DefaultMatches
	}
	s, err := k.current(ctx, op, baseID)
	if err != nil {
		return Recall{}, err
	}
	type sample struct {
		ID        string
		Embedding []float32
	}
	samples, err := query(ctx, k.runner, op, baseID, pgx.RowToStructByPos[sample],
		"SELECT id, embedding::real[] FROM knowledge_vectors WHERE space_id = $1 ORDER BY random() LIMIT $2", s.id, o.Samples)
	if err != nil {
		return Recall{}, err
	}
	r := Recall{Limit: o.Limit, Mean: 1, Worst: 1}
	var wanted, found int
	for _, each := range samples {
		if s.metric == Cosine && isZero(each.Embedding) {
			continue // it is in no index, and near nothing
		}
		w, f, err := k.compareSearches(ctx, baseID, each.ID, each.Embedding, o.QueryOptions)
		if err != nil {
			return Recall{}, err
		}
		r.Samples++
		wanted, found = wanted+w, found+f
		if w > 0 {
			r.Worst = min(r.Worst, float64(f)/float64(w))
		}
	}
	if wanted > 0 {
		r.Mean = float64(found) / float64(wanted)
	}
	return r, nil
}

// compareSearches returns how many others an exact search finds, and how many
// of the same number a usual one finds that are as near.
func (k knowledge) compareSearches(ctx context.Context, baseID, self string, vector []float32, o QueryOptions) (wanted, found int, _ error) {
	limit := o.Limit
	o.Limit++ // for itself
	var lists [2][]Match
	for i, exact := range []bool{true, false} {
		o.Exact = exact
		list, err := k.SimilarityQuery(ctx, baseID, vector, o)
		if err != nil {
			return 0, 0, err
		}
		for _, m := range list {
			if m.VectorID != self && len(lists[i]) < limit {
				lists[i] = append(lists[i], m)
			}
		}
	}
	exact, usual := lists[0], lists[1]
	if len(exact) == 0 {
		return 0, 0, nil
	}
	farthest := exact[len(exact)-1].Distance // which several may share
	for _, m := range usual {
		if m.Distance <= farthest {
			found++
		}
	}
	return len(exact), min(found, len(exact)), nil
}
