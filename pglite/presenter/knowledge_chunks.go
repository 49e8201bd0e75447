package presenter

import (
	"context"
	"encoding/json"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// A Chunk is a piece of a file, which a vector stands for.
type Chunk struct {
	// ID is unique in the database; InsertChunks makes that of FileID, "_" and
	// Index if it is empty.
	ID     string `json:"id"`
	BaseID string `json:"baseId"`
	FileID string `json:"fileId"`
	// Index is its place in the file, from 0.
	Index   int    `json:"chunkIndex"`
	Content string `json:"content"`
	// Status is Processing if empty.
	Status TaskStatus `json:"status"`
	// Error says why Status is InError.
	Error string `json:"error,omitempty"`
	// Metadata is a JSON object, {} if empty.
	Metadata json.RawMessage `json:"metadata"`
}

// ChunkFilter says which chunks are meant: those that have everything that is
// given.
type ChunkFilter struct {
	ID, BaseID, FileID string
	// Index is nil for any.
	Index  *int
	Status TaskStatus
	// Metadata is JSON that the chunk's contains, as with PostgreSQL's @>.
	Metadata json.RawMessage
}

var chunkColumns = []string{"id", "base_id", "file_id", "chunk_index", "content", "status", "error", "metadata"}

func scanChunk(row pgx.CollectableRow) (c Chunk, err error) {
	err = row.Scan(&c.ID, &c.BaseID, &c.FileID, &c.Index, &c.Content, &c.Status, &c.Error, &c.Metadata)
	return c, err
}

// InsertChunks adds chunks to files of a base, with COPY: all or none. Their
// BaseID is not looked at.
func (k knowledge) InsertChunks(ctx context.Context, baseID string, chunks []Chunk) error {
	const op = "inserting chunks"
	for _, c := range chunks {
		if c.Index < 0 || c.Index > math.MaxInt32 {
			return refuse(op, c.ID, invalidParameter, "Index %d is not between 0 and %d", c.Index, math.MaxInt32)
		}
	}
	return k.copyFrom(ctx, op, "knowledge_chunks", chunkColumns, len(chunks), func(i int) ([]any, error) {
		c := chunks[i]
		if c.ID == "" {
			c.ID = c.FileID + "_" + strconv.Itoa(c.Index)
		}
		return []any{c.ID, baseID, c.FileID, c.Index, c.Content, string(c.Status.or(Processing)), c.Error, rawJSON(c.Metadata)}, nil
	})
}

// UpdateChunkStatus changes the status of a chunk, as TaskStatus says; any
// other change is ErrTransition. The text says why it is InError.
func (k knowledge) UpdateChunkStatus(ctx context.Context, id string, status TaskStatus, text string) error {
	const op = "updating chunk"
	if err := status.check(op, id); err != nil {
		return err
	}
	n, err := k.exec(ctx, op, id, "UPDATE knowledge_chunks SET status = $2, error = $3 WHERE id = $1 AND status = ANY($4)", id, string(status), text, before[status])
	if err == nil && n == 0 {
		err = k.transition(ctx, op, "knowledge_chunks", id, status)
	}
	return err
}

// Chunk returns a chunk, or ErrNotFound.
func (k knowledge) Chunk(ctx context.Context, id string) (Chunk, error) {
	return queryOne(ctx, k.runner, "reading chunk", id, scanChunk, selectChunks+" WHERE id = $1", id)
}

const selectChunks = "SELECT id, base_id, file_id, chunk_index, content, status, error, metadata FROM knowledge_chunks"

// Chunks returns the chunks that are meant, in the order of their files' ids
// and their places: all at once, with their contents.
func (k knowledge) Chunks(ctx context.Context, f ChunkFilter) ([]Chunk, error) {
	return query(ctx, k.runner, "listing chunks", "", scanChunk, selectChunks+`
		WHERE ($1 = '' OR id = $1) AND ($2 = '' OR base_id = $2) AND ($3 = '' OR file_id = $3) AND ($4::int IS NULL OR chunk_index = $4)
			AND ($5 = '' OR status = $5) AND ($6::jsonb IS NULL OR metadata @> $6)
		ORDER BY file_id, chunk_index`, f.ID, f.BaseID, f.FileID, f.Index, string(f.Status), nullableJSON(f.Metadata))
}

// DeleteChunks deletes the chunks of a file with their vectors, and returns how
// many there were.
func (k knowledge) DeleteChunks(ctx context.Context, fileID string) (int64, error) {
	return k.exec(ctx, "deleting chunks of file", fileID, "DELETE FROM knowledge_chunks WHERE file_id = $1", fileID)
}
