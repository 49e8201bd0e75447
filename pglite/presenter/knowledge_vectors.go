package presenter

import (
	"context"
	"errors"
	"io"
	"iter"
	"math"
)

// A Vector stands for a chunk in a knowledge base.
type Vector struct {
	// ID is a new one if empty.
	ID string `json:"id"`
	// FileID and ChunkID are what it stands for, and must exist.
	FileID    string    `json:"fileId"`
	ChunkID   string    `json:"chunkId"`
	Embedding []float32 `json:"embedding"`
}

// InsertVector adds a vector to a base. It is ErrReference if the base has no
// such file or chunk, and ErrInvalid if the vector has not as many numbers as
// the base wants, or one that is no number or infinite.
func (k knowledge) InsertVector(ctx context.Context, baseID string, v Vector) error {
	return k.InsertVectors(ctx, baseID, []Vector{v})
}

// InsertVectors adds vectors to a base, with COPY: all or none.
func (k knowledge) InsertVectors(ctx context.Context, baseID string, vectors []Vector) error {
	_, err := k.LoadVectors(ctx, baseID, func(yield func(Vector, error) bool) {
		for _, v := range vectors {
			if !yield(v, nil) {
				return
			}
		}
	}, nil)
	return err
}

// LoadVectors adds vectors to a base as they come, with one COPY: all or none,
// and none if one comes with an error. It holds few of them in memory, and
// returns how many there were. The function progress, unless it is nil, is told
// now and then how many were sent. Neither may use the presenter's Tx.
//
// Much is loaded several times faster before IndexVectors than after it.
func (k knowledge) LoadVectors(ctx context.Context, baseID string, vectors iter.Seq2[Vector, error], progress func(done int64)) (n int64, err error) {
	const op = "inserting vectors"
	err = k.atomically(ctx, op, func(r runner) error {
		s, err := knowledge{r}.lockCurrent(ctx, op, baseID)
		if err != nil {
			return err
		}
		n, err = knowledge{r}.copyVectors(ctx, op, baseID, s, vectors, progress)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// lockCurrent is current, which stays that until the transaction ends. Only
// Reembed waits for it.
func (k knowledge) lockCurrent(ctx context.Context, op, baseID string) (s space, err error) {
	for range 2 { // who has waited for Reembed finds the old space gone, and the new one the second time
		s, err = queryOne(ctx, k.runner, op, baseID, scanSpace, selectSpaces+" AND s.is_current FOR SHARE OF s", baseID)
		if !errors.Is(err, ErrNotFound) {
			break
		}
	}
	return s, err
}

var vectorColumns = []string{"id", "base_id", "space_id", "file_id", "chunk_id", "dimensions", "embedding", "created_at"}

// told is how many vectors are sent before progress is told again.
const told = 100

func (k knowledge) copyVectors(ctx context.Context, op, baseID string, s space, vectors iter.Seq2[Vector, error], progress func(int64)) (int64, error) {
	next, stop := iter.Pull2(vectors)
	defer stop()
	var failed error
	var sent int64
	created := k.cfg.millis(k.cfg.Now())
	rows := newCopyRows(func() ([]any, error) {
		v, err, ok := next()
		if !ok {
			if progress != nil {
				progress(sent)
			}
			return nil, io.EOF
		}
		if err == nil {
			err = s.check(op, v)
		}
		if err != nil {
			failed = err
			return nil, err
		}
		if progress != nil && sent%told == 0 {
			progress(sent)
		}
		sent++
		return []any{k.cfg.id(v.ID), baseID, s.id, v.FileID, v.ChunkID, int32(s.dimensions), v.Embedding, created}, nil
	})
	n, err := k.copyBinary(ctx, op, "knowledge_vectors", vectorColumns, rows)
	rows.close()
	if failed != nil { // which the server only repeats
		return 0, wrap(op, baseID, failed)
	}
	return n, err
}

// check refuses a vector that the space cannot hold.
func (s space) check(op string, v Vector) error {
	return checkVector(op, v.ID, v.Embedding, s.dimensions)
}

func checkVector(op, id string, v []float32, dimensions int) error {
	if len(v) != dimensions {
		return refuse(op, id, dataException, "the vector has %d dimensions, and the knowledge base %d", len(v), dimensions)
	}
	for i, x := range v {
		if x != x || math.IsInf(float64(x), 0) {
			return refuse(op, id, dataException, "number %d of the vector is %v", i+1, x)
		}
	}
	return nil
}

// DeleteVectors deletes the vectors of a file and returns how many there were.
func (k knowledge) DeleteVectors(ctx context.Context, fileID string) (int64, error) {
	return k.exec(ctx, "deleting vectors of file", fileID, `DELETE FROM knowledge_vectors
		WHERE base_id = (SELECT base_id FROM knowledge_files WHERE id = $1) AND file_id = $1`, fileID)
}
