package presenter

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Role says who speaks.
type Role string

// The roles of messages.
const (
	User      Role = "user"
	Assistant Role = "assistant"
	System    Role = "system"
	Function  Role = "function"
)

// A Status says how far a message is.
type Status string

// The status of messages.
const (
	Sent    Status = "sent"
	Pending Status = "pending"
	Failed  Status = "error"
)

// A Message is a part of a conversation.
type Message struct {
	ID             string `json:"id"`
	ConversationID string `json:"conversationId"`
	// ParentID is the message that this one answers, or of which it is a
	// variant's parent; "" if there is none, or no longer.
	ParentID string `json:"parentId,omitempty"`
	Role     Role   `json:"role"`
	Content  string `json:"content"`
	// CreatedAt has milliseconds.
	CreatedAt time.Time `json:"createdAt"`
	// OrderSeq orders messages of the same time; it counts from 1 within a
	// conversation.
	OrderSeq int `json:"orderSeq"`
	// TokenCount is how many tokens Content has for its model.
	TokenCount int             `json:"tokenCount"`
	Status     Status          `json:"status"`
	Metadata   json.RawMessage `json:"metadata"`
	// IsContextEdge says that the model is not shown what came before.
	IsContextEdge bool `json:"isContextEdge"`
	// IsVariant says that this is another answer to the same parent.
	IsVariant bool `json:"isVariant"`
	// Variants are the other answers; only some methods fill them in.
	Variants []Message `json:"variants,omitempty"`
}

// NewMessage is what a message is made of. ConversationID and Role are
// required.
type NewMessage struct {
	// ID is a new one if empty.
	ID             string
	ConversationID string
	// ParentID is a message of the same conversation, or empty.
	ParentID string
	Role     Role
	Content  string
	// CreatedAt is now if zero.
	CreatedAt time.Time
	// OrderSeq 0 means the next in the conversation.
	OrderSeq   int
	TokenCount int
	// Status is Pending if empty.
	Status Status
	// Metadata is {} if empty.
	Metadata                 json.RawMessage
	IsContextEdge, IsVariant bool
}

// MessageUpdate has what is to change; nil fields stay.
type MessageUpdate struct {
	Content       *string
	Status        *Status
	Metadata      json.RawMessage
	IsContextEdge *bool
	TokenCount    *int
}

// messageColumns are what scanMessage reads.
const messageColumns = `msg_id, conversation_id, coalesce(parent_id, ''), role, content, created_at, order_seq, token_count,
	status, metadata, is_context_edge, is_variant`

func scanMessage(row pgx.CollectableRow) (Message, error) {
	p, err := scanMessageWith(row)
	return p, err
}

// scanMessageWith scans messageColumns and what comes after them.
func scanMessageWith(row pgx.CollectableRow, more ...any) (m Message, err error) {
	var created int64
	var edge, variant int
	dest := []any{
		&m.ID, &m.ConversationID, &m.ParentID, &m.Role, &m.Content, &created, &m.OrderSeq, &m.TokenCount,
		&m.Status, &m.Metadata, &edge, &variant,
	}
	err = row.Scan(append(dest, more...)...)
	m.CreatedAt, m.IsContextEdge, m.IsVariant = fromMillis(created), edge != 0, variant != 0
	return m, err
}

// insertedMessageColumns are what row returns values for.
var insertedMessageColumns = []string{
	"msg_id", "conversation_id", "parent_id", "role", "content", "created_at", "order_seq", "token_count",
	"status", "metadata", "is_context_edge", "is_variant",
}

// row returns the values of a new row of messages.
func (n NewMessage) row(cfg *Config) []any {
	status := n.Status
	if status == "" {
		status = Pending
	}
	return []any{
		cfg.id(n.ID), n.ConversationID, nullable(n.ParentID), string(n.Role), n.Content, cfg.millis(n.CreatedAt), n.OrderSeq, n.TokenCount,
		string(status), rawJSON(n.Metadata), flag(n.IsContextEdge), flag(n.IsVariant),
	}
}
