package manager

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Role is who said a message.
type Role string

// The roles there are.
const (
	User      Role = "user"
	Assistant Role = "assistant"
	Tool      Role = "tool"
)

// A Message is a message of the chat about a database. As JSON it is what
// database.build has.
type Message struct {
	// ID is any text that is not empty; CreateMessage makes one if it is.
	ID         string `json:"id"`
	DatabaseID string `json:"databaseId"`
	Role       Role   `json:"role"`
	Content    string `json:"content"`
	// ToolInvocations is any JSON, kept as jsonb, or nil.
	ToolInvocations json.RawMessage `json:"toolInvocations,omitempty"`
	CreatedAt       time.Time       `json:"createdAt"`
	// APIURL and Model say who answered; "" if nobody has said.
	APIURL string `json:"apiUrl,omitempty"`
	Model  string `json:"model,omitempty"`
}

const messageColumns = "id, database_id, role, content, tool_invocations::text, created_at, coalesce(api_url, ''), coalesce(model, '')"

func scanMessage(row pgx.CollectableRow) (m Message, err error) {
	var tools *string
	err = row.Scan(&m.ID, &m.DatabaseID, &m.Role, &m.Content, &tools, &m.CreatedAt, &m.APIURL, &m.Model)
	m.CreatedAt = m.CreatedAt.UTC()
	if tools != nil {
		m.ToolInvocations = json.RawMessage(*tools)
	}
	return m, err
}

const insertMessage = `INSERT INTO messages (id, database_id, role, content, tool_invocations, created_at, api_url, model)
	VALUES ($1, $2, $3, $4, $5::text::jsonb, coalesce($6, clock_timestamp()), nullif($7, ''), nullif($8, ''))`

// row returns the arguments of insertMessage.
func (m Message) row() []any {
	var tools *string
	if len(m.ToolInvocations) > 0 {
		text := string(m.ToolInvocations)
		tools = &text
	}
	return []any{m.ID, m.DatabaseID, string(m.Role), m.Content, tools, zeroTime(m.CreatedAt), m.APIURL, m.Model}
}

// CreateMessage adds a message to the chat about a database, and returns it. The
// zero CreatedAt means now. It is ErrExists if there is a message of that id, and
// ErrNotFound if there is no such database.
func (m *Manager) CreateMessage(ctx context.Context, n Message) (Message, error) {
	if n.ID == "" {
		n.ID = m.cfg.NewID()
	}
	if err := checkTime(orNow(n.CreatedAt)); err != nil {
		return Message{}, m.wrap(err, "creating message", n.ID)
	}
	made, err := one(ctx, m.pool, scanMessage, insertMessage+" RETURNING "+messageColumns, n.row()...)
	return made, m.wrap(err, "creating message", n.ID)
}

// Messages returns the chat about a database, the oldest first: nothing, if there
// is no such database.
func (m *Manager) Messages(ctx context.Context, databaseID string) ([]Message, error) {
	list, err := many(ctx, m.pool, scanMessage, "SELECT "+messageColumns+" FROM messages WHERE database_id = $1 ORDER BY created_at, id", databaseID)
	return list, m.wrap(err, "reading messages of database", databaseID)
}
