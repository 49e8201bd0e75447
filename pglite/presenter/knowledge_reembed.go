package presenter

import (
	"context"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ReembedOptions say how a base is embedded anew.
type ReembedOptions struct {
	// Model is the new Base.Model.
	Model string
	// Dimensions is how many numbers the new vectors have; 0 means as many as the
	// embedder gives for a word.
	Dimensions int
	// Metric is how they are compared; "" means as now.
	Metric Metric
	// Index describes the index of the new vectors. If it is nil there is one, of
	// the same kind, if there is one now.
	Index *IndexOptions
	// Batch is how many chunks are embedded and stored at once; 0 means 64.
	Batch int
	// Progress, unless it is nil, is told after each batch how many are done, and
	// of how many that there were at the beginning.
	Progress func(done, total int64)
}

// Reembed gives each chunk of a base that has a vector a new one, of another
// model and perhaps of other dimensions, without downtime: the base is searched
// and written with its old vectors until the new ones and their index are
// complete, which then take their place at once. Chunks that come meanwhile are
// embedded anew, too. If it fails or is interrupted, the base is what it was;
// called again for the same model, dimensions and metric it goes on where it
// was.
//
// From that moment on the base takes and searches vectors of the new model only:
// whoever embeds reads Base to know which one that is.
func (p *Presenter) Reembed(ctx context.Context, baseID string, e Embedder, o ReembedOptions) error {
	const op = "embedding knowledge base anew"
	size, err := batchSize(op, baseID, o.Batch)
	if err != nil {
		return err
	}
	old, err := p.knowledge.current(ctx, op, baseID)
	if err != nil {
		return err
	}
	next, err := p.nextSpace(ctx, op, baseID, old, e, o)
	if err != nil {
		return err
	}
	work := reembedding{p, op, baseID, old, next, e, size, o.Progress, 0, 0}
	if err := work.count(ctx); err != nil {
		return err
	}
	index := o.Index
	if index == nil && old.index != "" {
		index = &IndexOptions{Kind: IndexKind(old.index)}
	}
	for indexed := false; ; indexed = true {
		if err := work.embed(ctx); err != nil {
			return err
		}
		if index != nil && !indexed {
			if err := p.indexSpace(ctx, op, baseID, next, *index); err != nil {
				return err
			}
			continue // with what came meanwhile
		}
		if done, err := work.swap(ctx); done || err != nil {
			return err
		}
	}
}

// nextSpace returns the space that is being filled, or makes one.
func (p *Presenter) nextSpace(ctx context.Context, op, baseID string, old space, e Embedder, o ReembedOptions) (next space, err error) {
	want := space{dimensions: o.Dimensions, metric: o.Metric, model: o.Model}
	if want.metric == "" {
		want.metric = old.metric
	}
	if want.dimensions == 0 {
		probe := []*text{{content: "word"}}
		if err := embedSome(ctx, e, probe); err != nil {
			return next, wrap(op, baseID, err)
		}
		want.dimensions = len(probe[0].vector)
	}
	if err := checkSpace(op, baseID, want.dimensions, want.metric); err != nil {
		return next, err
	}
	err = p.WithTx(ctx, func(tx Tx) error {
		k := tx.knowledge
		if err := k.execOne(ctx, op, baseID, "SELECT FROM knowledge_bases WHERE base_id = $1 FOR NO KEY UPDATE", baseID); err != nil {
			return err
		}
		begun, err := query(ctx, k.runner, op, baseID, scanSpace, selectSpaces+" AND NOT s.is_current", baseID)
		if err != nil {
			return err
		}
		if len(begun) > 0 {
			if next = begun[0]; next.dimensions == want.dimensions && next.metric == want.metric && next.model == want.model {
				return nil
			}
			if _, err := k.exec(ctx, op, baseID, "DELETE FROM knowledge_spaces WHERE space_id = $1", next.id); err != nil {
				return err
			}
			if err := k.dropIndex(ctx, op, next.id); err != nil {
				return err
			}
		}
		next = want
		next.id, err = queryOne(ctx, k.runner, op, baseID, pgx.RowTo[int32], `
			INSERT INTO knowledge_spaces (base_id, dimensions, metric, model, is_current, created_at)
			VALUES ($1, $2, $3, $4, false, $5) RETURNING space_id`, baseID, want.dimensions, string(want.metric), want.model, k.cfg.millis(k.cfg.Now()))
		return err
	})
	return next, err
}

// reembedding is the work of Reembed.
type reembedding struct {
	p           *Presenter
	op, baseID  string
	old, next   space
	embedder    Embedder
	size        int
	progress    func(done, total int64)
	done, total int64
}

// missing is the condition of chunks that have an old vector and no new one.
const missing = `EXISTS (SELECT FROM knowledge_vectors v WHERE v.space_id = $1 AND v.chunk_id = c.id)
	AND NOT EXISTS (SELECT FROM knowledge_vectors v WHERE v.space_id = $2 AND v.chunk_id = c.id)`

func (w *reembedding) count(ctx context.Context) (err error) {
	w.total, err = queryOne(ctx, w.p.knowledge.runner, w.op, w.baseID, scanInt, "SELECT count(*) FROM knowledge_chunks c WHERE c.base_id = $3 AND "+missing,
		w.old.id, w.next.id, w.baseID)
	return err
}

// embed embeds until nothing is missing.
func (w *reembedding) embed(ctx context.Context) error {
	last := ""
	for {
		chunks, err := query(ctx, w.p.knowledge.runner, w.op, w.baseID, scanText, "SELECT c.id, c.file_id, c.content FROM knowledge_chunks c WHERE c.base_id = $3 AND c.id > $4 AND "+missing+
			" ORDER BY c.id LIMIT $5", w.old.id, w.next.id, w.baseID, last, w.size)
		switch {
		case err != nil:
			return err
		case len(chunks) == 0 && last == "":
			return nil
		case len(chunks) == 0:
			last = "" // once more, for what came behind
			continue
		}
		if err := embedSome(ctx, w.embedder, chunks); err != nil {
			return wrap(w.op, w.baseID, err)
		}
		if err := w.p.WithTx(ctx, func(tx Tx) error { return w.store(ctx, tx.knowledge, chunks) }); err != nil {
			return err
		}
		last = chunks[len(chunks)-1].id
		w.done += int64(len(chunks))
		if w.progress != nil {
			w.progress(w.done, max(w.total, w.done))
		}
	}
}

// store adds the new vectors of chunks that are still there, and have none from
// somebody else who does the same.
func (w *reembedding) store(ctx context.Context, k knowledge, chunks []*text) error {
	var ids []string
	all := map[string]*text{}
	for _, c := range chunks {
		all[c.id] = c
		ids = append(ids, c.id)
	}
	wanted, err := query(ctx, k.runner, w.op, w.baseID, pgx.RowTo[string],
		"SELECT c.id FROM knowledge_chunks c WHERE c.id = ANY($1) ORDER BY c.id FOR UPDATE", ids)
	if err != nil {
		return err
	}
	// A new statement sees what those who were waited for have stored.
	wanted, err = query(ctx, k.runner, w.op, w.baseID, pgx.RowTo[string], `SELECT c.id FROM knowledge_chunks c WHERE c.id = ANY($1)
		AND NOT EXISTS (SELECT FROM knowledge_vectors v WHERE v.space_id = $2 AND v.chunk_id = c.id)`, wanted, w.next.id)
	if err != nil {
		return err
	}
	var good []*text
	for _, id := range wanted {
		good = append(good, all[id])
	}
	_, err = k.copyVectors(ctx, w.op, w.baseID, w.next, vectorsOf(good), nil)
	return err
}

// swap gives the new vectors the place of the old ones, unless some are missing.
func (w *reembedding) swap(ctx context.Context) (done bool, err error) {
	err = w.p.WithTx(ctx, func(tx Tx) error {
		done = false
		k := tx.knowledge
		// Waits for those who insert vectors, and lets no more begin.
		if _, err := k.exec(ctx, w.op, w.baseID, "SELECT FROM knowledge_spaces WHERE base_id = $1 ORDER BY space_id FOR UPDATE", w.baseID); err != nil {
			return err
		}
		left, err := queryOne(ctx, k.runner, w.op, w.baseID, scanInt, "SELECT count(*) FROM knowledge_chunks c WHERE c.base_id = $3 AND "+missing,
			w.old.id, w.next.id, w.baseID)
		if err != nil || left > 0 {
			return err
		}
		if err := k.execOne(ctx, w.op, w.baseID, "DELETE FROM knowledge_spaces WHERE space_id = $1 AND is_current", w.old.id); err != nil {
			return err
		}
		done = true
		return k.execOne(ctx, w.op, w.baseID, "UPDATE knowledge_spaces SET is_current = true WHERE space_id = $1", w.next.id)
	})
	if err != nil || !done {
		return false, err
	}
	// Not in the transaction, where it would keep readers out.
	_, err = w.p.exec(ctx, w.op, w.baseID, "DROP INDEX CONCURRENTLY IF EXISTS "+indexName(w.old.id))
	return true, err
}

// vectorsOf are the vectors of chunks, in the form that they are copied in.
func vectorsOf(chunks []*text) iter.Seq2[Vector, error] {
	return func(yield func(Vector, error) bool) {
		for _, c := range chunks {
			if !yield(Vector{FileID: c.fileID, ChunkID: c.id, Embedding: c.vector}, nil) {
				return
			}
		}
	}
}

// cleaned is an error's text as the database can hold it.
func cleaned(err error) string {
	return strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "�"), "\x00", "")
}
