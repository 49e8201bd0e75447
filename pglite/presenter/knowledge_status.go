package presenter

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// A TaskStatus says how far the work on a file or a chunk is.
//
// Work begins as Processing and ends as Completed or InError; Paused waits to be
// resumed. From each of these three the work can only begin again:
//
//	Processing -> Completed | InError | Paused
//	Completed, InError, Paused -> Processing
//
// Any other change is ErrTransition; to stay what it is, is none.
type TaskStatus string

// The status of files and chunks.
const (
	Processing TaskStatus = "processing"
	Completed  TaskStatus = "completed"
	InError    TaskStatus = "error"
	Paused     TaskStatus = "paused"
)

// before are the statuses after which each may come.
var before = map[TaskStatus][]string{
	Processing: {"processing", "completed", "error", "paused"},
	Completed:  {"completed", "processing"},
	InError:    {"error", "processing"},
	Paused:     {"paused", "processing"},
}

// check refuses what is no status.
func (s TaskStatus) check(op, id string) error {
	if _, ok := before[s]; !ok {
		return refuse(op, id, checkViolation, "there is no status %q", shorten(string(s)))
	}
	return nil
}

// or returns the status, or another one if there is none.
func (s TaskStatus) or(other TaskStatus) TaskStatus {
	if s == "" {
		return other
	}
	return s
}

// transition tells why the status of a row did not change to another: there is
// no such row, or its status does not allow it.
func (k knowledge) transition(ctx context.Context, op, table, id string, to TaskStatus) error {
	from, err := queryOne(ctx, k.runner, op, id, pgx.RowTo[string], "SELECT status FROM "+table+" WHERE id = $1", id)
	if err != nil {
		return err
	}
	return refuse(op, id, badTransition, "%w: it is %s, and cannot become %s", ErrTransition, from, to)
}

// Tasks counts files and chunks.
type Tasks struct {
	Files  int64 `json:"files"`
	Chunks int64 `json:"chunks"`
}

// RetryTasks makes everything Processing that is InError in a base, and returns
// how much that was.
func (k knowledge) RetryTasks(ctx context.Context, baseID string) (Tasks, error) {
	return k.changeAll(ctx, "retrying tasks of knowledge base", baseID, InError, Processing)
}

// PauseTasks makes everything Paused that is Processing in a base, and returns
// how much that was.
func (k knowledge) PauseTasks(ctx context.Context, baseID string) (Tasks, error) {
	return k.changeAll(ctx, "pausing tasks of knowledge base", baseID, Processing, Paused)
}

// ResumeTasks makes everything Processing that is Paused in a base, and returns
// how much that was.
func (k knowledge) ResumeTasks(ctx context.Context, baseID string) (Tasks, error) {
	return k.changeAll(ctx, "resuming tasks of knowledge base", baseID, Paused, Processing)
}

func (k knowledge) changeAll(ctx context.Context, op, baseID string, from, to TaskStatus) (Tasks, error) {
	return queryOne(ctx, k.runner, op, baseID, pgx.RowToStructByPos[Tasks], `
		WITH f AS (UPDATE knowledge_files SET status = $3, error = '' WHERE base_id = $1 AND status = $2 RETURNING id),
			c AS (UPDATE knowledge_chunks SET status = $3, error = '' WHERE base_id = $1 AND status = $2 RETURNING id)
		SELECT (SELECT count(*) FROM f), (SELECT count(*) FROM c) FROM knowledge_bases WHERE base_id = $1`, baseID, string(from), string(to))
}

// SettleFile gives a file that is Processing the status that its chunks add up
// to, and returns it: Processing while one of them is, else InError if one is,
// with its error, else Paused if one is, else Completed. A file that is not
// Processing stays as it is.
func (k knowledge) SettleFile(ctx context.Context, id string) (f File, err error) {
	const op = "settling file"
	err = k.atomically(ctx, op, func(r runner) error {
		// Those that finish the last chunks at the same time take turns.
		if err := r.execOne(ctx, op, id, "SELECT FROM knowledge_files WHERE id = $1 FOR NO KEY UPDATE", id); err != nil {
			return err
		}
		if _, err := r.exec(ctx, op, id, `
			UPDATE knowledge_files f SET status = c.status, error = CASE c.status WHEN 'error' THEN c.error ELSE '' END
			FROM (
				SELECT status, error FROM (
					SELECT status, error, chunk_index FROM knowledge_chunks WHERE file_id = $1
					UNION ALL SELECT 'completed', '', -1
				) AS each
				ORDER BY array_position(ARRAY['processing', 'error', 'paused', 'completed'], status), chunk_index LIMIT 1
			) AS c
			WHERE f.id = $1 AND f.status = 'processing'`, id); err != nil {
			return err
		}
		f, err = knowledge{r}.File(ctx, id)
		return err
	})
	return f, err
}

// CountTasks returns how many files and chunks of a base have which status.
func (k knowledge) CountTasks(ctx context.Context, baseID string) (files, chunks map[TaskStatus]int64, _ error) {
	type count struct {
		Chunks bool
		Status string
		N      int64
	}
	list, err := query(ctx, k.runner, "counting tasks of knowledge base", baseID, pgx.RowToStructByPos[count], `
		SELECT false, status, count(*) FROM knowledge_files WHERE base_id = $1 GROUP BY status
		UNION ALL SELECT true, status, count(*) FROM knowledge_chunks WHERE base_id = $1 GROUP BY status`, baseID)
	files, chunks = map[TaskStatus]int64{}, map[TaskStatus]int64{}
	for _, c := range list {
		if c.Chunks {
			chunks[TaskStatus(c.Status)] = c.N
		} else {
			files[TaskStatus(c.Status)] = c.N
		}
	}
	return files, chunks, err
}
