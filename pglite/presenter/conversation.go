package presenter

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Conversation is a series of messages with a title and settings.
type Conversation struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Settings Settings `json:"settings"`
	// CreatedAt and UpdatedAt have milliseconds.
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// IsNew is true until the conversation has been renamed: its title is not
	// the user's yet.
	IsNew    bool `json:"isNew"`
	IsPinned bool `json:"isPinned"`
	// ParentConversationID and ParentMessageID say where a conversation about
	// words of another came from, and ParentSelection which words; empty for
	// most. They may name what has been deleted since.
	ParentConversationID string          `json:"parentConversationId,omitempty"`
	ParentMessageID      string          `json:"parentMessageId,omitempty"`
	ParentSelection      json.RawMessage `json:"parentSelection,omitempty"`
}

// NewConversation is what a conversation is made of. Nothing is required.
type NewConversation struct {
	// ID is a new one if empty.
	ID    string
	Title string
	// Settings nil means DefaultSettings.
	Settings *Settings
	// CreatedAt and UpdatedAt are now if zero; UpdatedAt is CreatedAt if only
	// that is given.
	CreatedAt, UpdatedAt time.Time
	// Old is the opposite of Conversation.IsNew.
	Old      bool
	IsPinned bool
	// ParentConversationID and so on are those of Conversation.
	ParentConversationID, ParentMessageID string
	ParentSelection                       json.RawMessage
}

// ConversationUpdate has what is to change; nil fields stay.
type ConversationUpdate struct {
	Title    *string
	Settings *Settings
	IsNew    *bool
	IsPinned *bool
	// ParentConversationID and ParentMessageID are removed by an empty string,
	// ParentSelection by an empty message that is not nil.
	ParentConversationID, ParentMessageID *string
	ParentSelection                       json.RawMessage
	// UpdatedAt is now if zero.
	UpdatedAt time.Time
}

// conversationColumns are what scanConversation reads.
const conversationColumns = `conv_id, title, settings, created_at, updated_at, is_new, is_pinned,
	coalesce(parent_conversation_id, ''), coalesce(parent_message_id, ''), parent_selection`

func scanConversation(row pgx.CollectableRow) (Conversation, error) {
	var c Conversation
	dest, finish := c.dest()
	err := row.Scan(dest...)
	if err == nil {
		err = finish()
	}
	return c, err
}

// dest returns where to scan conversationColumns to, and what to do afterwards.
func (c *Conversation) dest() (dest []any, finish func() error) {
	var settings []byte
	var created, updated int64
	var isNew, isPinned int
	dest = []any{
		&c.ID, &c.Title, &settings, &created, &updated, &isNew, &isPinned,
		&c.ParentConversationID, &c.ParentMessageID, &c.ParentSelection,
	}
	return dest, func() error {
		c.CreatedAt, c.UpdatedAt = fromMillis(created), fromMillis(updated)
		c.IsNew, c.IsPinned = isNew != 0, isPinned != 0
		return json.Unmarshal(settings, &c.Settings)
	}
}

// insertedColumns are what row returns values for.
var insertedColumns = []string{
	"conv_id", "title", "settings", "created_at", "updated_at", "is_new", "is_pinned",
	"parent_conversation_id", "parent_message_id", "parent_selection",
}

// row returns the values of a new row of conversations.
func (n NewConversation) row(op string, cfg *Config) ([]any, error) {
	settings := DefaultSettings()
	if n.Settings != nil {
		settings = *n.Settings
	}
	id := cfg.id(n.ID)
	text, err := encode(op, id, settings)
	if err != nil {
		return nil, err
	}
	created := cfg.millis(n.CreatedAt)
	updated := created
	if !n.UpdatedAt.IsZero() {
		updated = n.UpdatedAt.UnixMilli()
	}
	return []any{
		id, n.Title, text, created, updated, flag(!n.Old), flag(n.IsPinned),
		nullable(n.ParentConversationID), nullable(n.ParentMessageID), nullableJSON(n.ParentSelection),
	}, nil
}
