package presenter

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// A Format is a format of Export.
type Format string

const (
	// JSON is a Transcript: everything, to be read by programs.
	JSON Format = "json"
	// Markdown is the conversation, to be read by people: without variants,
	// metadata and the content of attachments.
	Markdown Format = "markdown"
)

// TranscriptFormat and TranscriptVersion are in each Transcript, so that a
// reader knows what it has. The version grows when a reader must change.
const (
	TranscriptFormat  = "calf conversation"
	TranscriptVersion = 1
)

// A Transcript is a conversation with all that belongs to it.
type Transcript struct {
	Format       string       `json:"format"`
	Version      int          `json:"version"`
	Conversation Conversation `json:"conversation"`
	// Messages are in order; variants are as any other.
	Messages    []Message    `json:"messages"`
	Attachments []Attachment `json:"attachments"`
	Agents      []ACPSession `json:"agents,omitempty"`
}

// Transcript returns a conversation with all that belongs to it, or
// ErrNotFound. Within WithTxOptions at the level REPEATABLE READ it is as it
// was at one moment; otherwise a message that is added meanwhile may be there,
// and its attachments not.
func (c chat) Transcript(ctx context.Context, id string) (t Transcript, err error) {
	const op = "reading conversation"
	t.Format, t.Version = TranscriptFormat, TranscriptVersion
	err = c.atomically(ctx, op, func(r runner) error {
		if t.Conversation, err = (chat{r}).Conversation(ctx, id); err != nil {
			return err
		}
		if t.Messages, err = (chat{r}).allMessages(ctx, id); err != nil {
			return err
		}
		if t.Attachments, err = query(ctx, r, op, id, scanAttachment, `SELECT `+attachmentColumns+` FROM message_attachments
			WHERE message_id IN (SELECT msg_id FROM messages WHERE conversation_id = $1) ORDER BY created_at, id`, id); err != nil {
			return err
		}
		t.Agents, err = query(ctx, r, op, id, scanACPSession,
			"SELECT "+acpColumns+" FROM acp_sessions WHERE conversation_id = $1 ORDER BY created_at, agent_id", id)
		return err
	})
	return t, err
}

// Export writes a conversation. What it writes is in memory at once.
func (c chat) Export(ctx context.Context, w io.Writer, id string, format Format) error {
	const op = "exporting conversation"
	if format != JSON && format != Markdown {
		return refuse(op, id, invalidParameter, "there is no format %q", format)
	}
	t, err := c.Transcript(ctx, id)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if format == JSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(t)
	} else {
		t.writeMarkdown(out)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return &DatabaseError{Op: op, ID: id, Err: fmt.Errorf("writing: %w", err)}
	}
	return nil
}
