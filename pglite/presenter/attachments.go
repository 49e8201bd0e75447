package presenter

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// An Attachment is what a message carries beside its content, such as the text
// of a file or the results of a search.
type Attachment struct {
	ID        string `json:"id"`
	MessageID string `json:"messageId"`
	// Type is the program's, such as search_result.
	Type    string `json:"type"`
	Content string `json:"content"`
	// Metadata is {} if there is none.
	Metadata json.RawMessage `json:"metadata"`
	// CreatedAt has milliseconds.
	CreatedAt time.Time `json:"createdAt"`
}

const attachmentColumns = `attachment_id, message_id, attachment_type, attachment_data, metadata, created_at`

func scanAttachment(row pgx.CollectableRow) (a Attachment, err error) {
	var created int64
	err = row.Scan(&a.ID, &a.MessageID, &a.Type, &a.Content, &a.Metadata, &created)
	a.CreatedAt = fromMillis(created)
	return a, err
}

// AddAttachment adds to a message and returns what was added. An empty ID, zero
// CreatedAt and empty Metadata get their defaults. It is ErrReference if there
// is no such message.
func (c chat) AddAttachment(ctx context.Context, a Attachment) (Attachment, error) {
	return queryOne(ctx, c.runner, "adding attachment", a.ID, scanAttachment, `
		INSERT INTO message_attachments (`+attachmentColumns+`) VALUES ($1, $2, $3, $4, $5, $6) RETURNING `+attachmentColumns,
		c.cfg.id(a.ID), a.MessageID, a.Type, a.Content, rawJSON(a.Metadata), c.cfg.millis(a.CreatedAt))
}

// Attachments returns what a message carries of a type, or of all types if that
// is empty, the oldest first.
func (c chat) Attachments(ctx context.Context, messageID, typ string) ([]Attachment, error) {
	return query(ctx, c.runner, "reading attachments of message", messageID, scanAttachment,
		`SELECT `+attachmentColumns+` FROM message_attachments WHERE message_id = $1 AND ($2 = '' OR attachment_type = $2)
		ORDER BY created_at, id`, messageID, typ)
}

// DeleteAttachment removes an attachment.
func (c chat) DeleteAttachment(ctx context.Context, id string) error {
	return c.execOne(ctx, "deleting attachment", id, "DELETE FROM message_attachments WHERE attachment_id = $1", id)
}
