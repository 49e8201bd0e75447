package presenter

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// An Embedder turns texts into vectors of the same length, one for each, in
// order. Package embed has some.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// EmbedOptions say what to embed. The zero value is everything.
type EmbedOptions struct {
	// FileID limits the work to a file.
	FileID string
	// Batch is how many chunks are embedded and stored at once; 0 means 64.
	Batch int
	// Progress, unless it is nil, is told after each batch how many are done.
	Progress func(done int64)
}

// defaultBatch is how many texts an Embedder gets: enough for a model behind a
// network, and a transaction of less than a second.
const defaultBatch = 64

func batchSize(op, id string, n int) (int, error) {
	switch {
	case n == 0:
		return defaultBatch, nil
	case n < 0 || n > MaxPage:
		return 0, refuse(op, id, invalidParameter, "a batch of %d is not between 1 and %d", n, MaxPage)
	}
	return n, nil
}

// EmbedChunks does the work that waits in a base: it embeds the chunks that are
// Processing, stores their vectors, makes them Completed, and settles their
// files (see SettleFile). It returns how many it did. What PauseTasks pauses is
// not begun, and not stored if it was under way; ResumeTasks and EmbedChunks
// continue. Several programs may do it at the same time; the work is then done
// twice at worst, and stored once.
//
// A chunk that the embedder does not take becomes InError, with the embedder's
// error. If it takes none of several, the fault is not theirs: they stay
// Processing, and the error is returned.
func (p *Presenter) EmbedChunks(ctx context.Context, baseID string, e Embedder, o EmbedOptions) (done int64, err error) {
	const op = "embedding chunks of knowledge base"
	size, err := batchSize(op, baseID, o.Batch)
	if err != nil {
		return 0, err
	}
	s, err := p.knowledge.current(ctx, op, baseID)
	if err != nil {
		return 0, err
	}
	for {
		chunks, err := query(ctx, p.knowledge.runner, op, baseID, scanText, `SELECT id, file_id, content FROM knowledge_chunks
			WHERE base_id = $1 AND status = 'processing' AND ($2 = '' OR file_id = $2) ORDER BY file_id, chunk_index LIMIT $3`, baseID, o.FileID, size)
		if err != nil || len(chunks) == 0 {
			return done, err
		}
		if err := embedAll(ctx, op, e, chunks, s.dimensions); err != nil {
			return done, wrap(op, baseID, err)
		}
		err = p.WithTx(ctx, func(tx Tx) error { return tx.storeEmbedded(ctx, op, baseID, s, chunks) })
		if err != nil {
			return done, err
		}
		done += int64(len(chunks))
		if o.Progress != nil {
			o.Progress(done)
		}
	}
}

// A text is a chunk that is embedded.
type text struct {
	id, fileID, content string
	vector              []float32
	err                 error // why there is no vector
}

func scanText(row pgx.CollectableRow) (*text, error) {
	t := &text{}
	return t, row.Scan(&t.id, &t.fileID, &t.content)
}

// embedAll embeds chunks. Those that cannot be have an error then, unless it is
// all of several.
func embedAll(ctx context.Context, op string, e Embedder, chunks []*text, dimensions int) error {
	err := embedSome(ctx, e, chunks)
	if err != nil && ctx.Err() == nil {
		failed := 0
		for _, c := range chunks {
			if c.err = embedSome(ctx, e, []*text{c}); c.err != nil {
				failed++
			}
		}
		if failed == len(chunks) && failed > 1 || ctx.Err() != nil {
			return err
		}
		err = nil
	}
	for _, c := range chunks {
		if c.err == nil && err == nil {
			if len(c.vector) != dimensions { // which is not the chunk's fault
				return checkVector(op, c.id, c.vector, dimensions)
			}
			c.err = checkVector(op, c.id, c.vector, dimensions)
		}
	}
	return err
}

func embedSome(ctx context.Context, e Embedder, chunks []*text) error {
	contents := make([]string, len(chunks))
	for i, c := range chunks {
		contents[i] = c.content
	}
	vectors, err := e.Embed(ctx, contents)
	if err != nil {
		return err
	}
	if len(vectors) != len(chunks) {
		return fmt.Errorf("the embedder gave %d vectors for %d texts", len(vectors), len(chunks))
	}
	for i, c := range chunks {
		c.vector = vectors[i]
	}
	return nil
}

// storeEmbedded stores what is still to be done.
func (k knowledge) storeEmbedded(ctx context.Context, op, baseID string, s space, chunks []*text) error {
	now, err := k.lockCurrent(ctx, op, baseID)
	if err != nil {
		return err
	}
	if now.id != s.id {
		return refuse(op, baseID, badTransition, "%w: the base was embedded anew meanwhile", ErrTransition)
	}
	all, ids, files := map[string]*text{}, []string{}, []string{}
	for _, c := range chunks {
		all[c.id] = c
		ids = append(ids, c.id)
	}
	waiting, err := query(ctx, k.runner, op, baseID, pgx.RowTo[string],
		"SELECT id FROM knowledge_chunks WHERE id = ANY($1) AND status = 'processing' ORDER BY id FOR UPDATE", ids)
	if err != nil {
		return err
	}
	var good []*text
	ids = ids[:0]
	for _, id := range waiting {
		c := all[id]
		if !slices.Contains(files, c.fileID) {
			files = append(files, c.fileID)
		}
		if c.err == nil {
			good, ids = append(good, c), append(ids, id)
			continue
		}
		if err := k.UpdateChunkStatus(ctx, id, InError, cleaned(c.err)); err != nil {
			return err
		}
	}
	if _, err := k.copyVectors(ctx, op, baseID, s, vectorsOf(good), nil); err != nil {
		return err
	}
	if _, err := k.exec(ctx, op, baseID, "UPDATE knowledge_chunks SET status = 'completed', error = '' WHERE id = ANY($1)", ids); err != nil {
		return err
	}
	slices.Sort(files)
	for _, id := range files {
		if _, err := k.SettleFile(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
