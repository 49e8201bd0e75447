package presenter

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// A File is a source of a knowledge base. Its content is in its chunks.
type File struct {
	ID     string `json:"id"`
	BaseID string `json:"baseId"`
	Name   string `json:"name"`
	Path   string `json:"path"`
	// MimeType is empty if it is not known.
	MimeType string     `json:"mimeType"`
	Status   TaskStatus `json:"status"`
	// Error says why Status is InError.
	Error string `json:"error,omitempty"`
	// UploadedAt has milliseconds.
	UploadedAt time.Time       `json:"uploadedAt"`
	Metadata   json.RawMessage `json:"metadata"`
}

// NewFile is what a file is made of. BaseID is required.
type NewFile struct {
	// ID is a new one if empty.
	ID, BaseID           string
	Name, Path, MimeType string
	// Status is Processing if empty.
	Status TaskStatus
	Error  string
	// UploadedAt is now if zero.
	UploadedAt time.Time
	// Metadata is a JSON object, {} if empty.
	Metadata json.RawMessage
}

// FileUpdate has what is to change; nil fields stay. A change of Status sets
// Error, too: to "" if that is nil.
type FileUpdate struct {
	Name, Path, MimeType *string
	Status               *TaskStatus
	Error                *string
	UploadedAt           time.Time
	Metadata             json.RawMessage
}

// FileFilter says which files are meant: those that have everything that is
// given.
type FileFilter struct {
	ID, BaseID, Name, Path, MimeType string
	Status                           TaskStatus
	// Metadata is JSON that the file's contains, as with PostgreSQL's @>.
	Metadata json.RawMessage
}

const fileColumns = "id, base_id, name, path, mime_type, status, error, uploaded_at, metadata"

func scanFile(row pgx.CollectableRow) (f File, err error) {
	var uploaded int64
	err = row.Scan(&f.ID, &f.BaseID, &f.Name, &f.Path, &f.MimeType, &f.Status, &f.Error, &uploaded, &f.Metadata)
	f.UploadedAt = fromMillis(uploaded)
	return f, err
}

// InsertFile adds a file to a base.
func (k knowledge) InsertFile(ctx context.Context, n NewFile) (File, error) {
	return queryOne(ctx, k.runner, "inserting file", n.ID, scanFile, `
		INSERT INTO knowledge_files (`+fileColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING `+fileColumns,
		k.cfg.id(n.ID), n.BaseID, n.Name, n.Path, n.MimeType, string(n.Status.or(Processing)), n.Error, k.cfg.millis(n.UploadedAt), rawJSON(n.Metadata))
}

// UpdateFile changes what is given of a file. Its status changes as TaskStatus
// says; any other change is ErrTransition.
func (k knowledge) UpdateFile(ctx context.Context, id string, u FileUpdate) error {
	const op = "updating file"
	var from []string
	if u.Status != nil {
		if err := u.Status.check(op, id); err != nil {
			return err
		}
		from = before[*u.Status]
		if u.Error == nil {
			u.Error = new(string)
		}
	}
	var uploaded *int64
	if !u.UploadedAt.IsZero() {
		ms := u.UploadedAt.UnixMilli()
		uploaded = &ms
	}
	n, err := k.exec(ctx, op, id, `
		UPDATE knowledge_files SET name = coalesce($2, name), path = coalesce($3, path), mime_type = coalesce($4, mime_type),
			status = coalesce($5, status), error = coalesce($6, error), uploaded_at = coalesce($7, uploaded_at),
			metadata = coalesce($8::jsonb, metadata)
		WHERE id = $1 AND ($9::text[] IS NULL OR status = ANY($9))`,
		id, u.Name, u.Path, u.MimeType, (*string)(u.Status), u.Error, uploaded, nullableJSON(u.Metadata), from)
	if err != nil || n > 0 {
		return err
	}
	if u.Status == nil {
		return wrap(op, id, pgx.ErrNoRows)
	}
	return k.transition(ctx, op, "knowledge_files", id, *u.Status)
}

// File returns a file, or ErrNotFound.
func (k knowledge) File(ctx context.Context, id string) (File, error) {
	return queryOne(ctx, k.runner, "reading file", id, scanFile, "SELECT "+fileColumns+" FROM knowledge_files WHERE id = $1", id)
}

// Files returns the files that are meant, the last uploaded first: all at once.
func (k knowledge) Files(ctx context.Context, f FileFilter) ([]File, error) {
	return query(ctx, k.runner, "listing files", "", scanFile, "SELECT "+fileColumns+` FROM knowledge_files
		WHERE ($1 = '' OR id = $1) AND ($2 = '' OR base_id = $2) AND ($3 = '' OR name = $3) AND ($4 = '' OR path = $4)
			AND ($5 = '' OR mime_type = $5) AND ($6 = '' OR status = $6) AND ($7::jsonb IS NULL OR metadata @> $7)
		ORDER BY uploaded_at DESC, id`, f.ID, f.BaseID, f.Name, f.Path, f.MimeType, string(f.Status), nullableJSON(f.Metadata))
}

// DeleteFile deletes a file with its chunks and vectors.
func (k knowledge) DeleteFile(ctx context.Context, id string) error {
	return k.execOne(ctx, "deleting file", id, "DELETE FROM knowledge_files WHERE id = $1", id)
}
