package presenter

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// An ACPStatus says what an agent does.
type ACPStatus string

// The status of agents' sessions.
const (
	ACPIdle   ACPStatus = "idle"
	ACPActive ACPStatus = "active"
	ACPError  ACPStatus = "error"
)

// An ACPSession is an agent (of the Agent Client Protocol) in a conversation.
type ACPSession struct {
	ConversationID string `json:"conversationId"`
	AgentID        string `json:"agentId"`
	// SessionID is the agent's own id, or empty; an agent has each only once.
	SessionID string `json:"sessionId,omitempty"`
	// Workdir is the folder that it works in, or empty.
	Workdir string `json:"workdir,omitempty"`
	// Status is ACPIdle if empty, Metadata {}.
	Status    ACPStatus       `json:"status"`
	Metadata  json.RawMessage `json:"metadata"`
	CreatedAt time.Time       `json:"createdAt"`
	UpdatedAt time.Time       `json:"updatedAt"`
}

const acpColumns = `conversation_id, agent_id, coalesce(session_id, ''), coalesce(workdir, ''), status, metadata, created_at, updated_at`

func scanACPSession(row pgx.CollectableRow) (s ACPSession, err error) {
	var created, updated int64
	err = row.Scan(&s.ConversationID, &s.AgentID, &s.SessionID, &s.Workdir, &s.Status, &s.Metadata, &created, &updated)
	s.CreatedAt, s.UpdatedAt = fromMillis(created), fromMillis(updated)
	return s, err
}

// ACPSession returns an agent's session in a conversation, or ErrNotFound.
func (c chat) ACPSession(ctx context.Context, conversationID, agentID string) (ACPSession, error) {
	return queryOne(ctx, c.runner, "reading agent session of conversation", conversationID, scanACPSession,
		"SELECT "+acpColumns+" FROM acp_sessions WHERE conversation_id = $1 AND agent_id = $2", conversationID, agentID)
}

// PutACPSession makes or replaces the session of its agent in its conversation.
// CreatedAt and UpdatedAt are not looked at.
func (c chat) PutACPSession(ctx context.Context, s ACPSession) (ACPSession, error) {
	if s.Status == "" {
		s.Status = ACPIdle
	}
	return queryOne(ctx, c.runner, "storing agent session of conversation", s.ConversationID, scanACPSession, `
		INSERT INTO acp_sessions (conversation_id, agent_id, session_id, workdir, status, metadata, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
		ON CONFLICT (conversation_id, agent_id) DO UPDATE SET session_id = excluded.session_id, workdir = excluded.workdir,
			status = excluded.status, metadata = excluded.metadata, updated_at = excluded.updated_at
		RETURNING `+acpColumns,
		s.ConversationID, s.AgentID, nullable(s.SessionID), nullable(s.Workdir), string(s.Status), rawJSON(s.Metadata), c.cfg.Now().UnixMilli())
}

// ACPSessionUpdate has what is to change; nil fields stay, and empty strings
// remove.
type ACPSessionUpdate struct {
	SessionID, Workdir *string
	Status             *ACPStatus
}

// UpdateACPSession changes what is given of an agent's session.
func (c chat) UpdateACPSession(ctx context.Context, conversationID, agentID string, u ACPSessionUpdate) error {
	return c.execOne(ctx, "updating agent session of conversation", conversationID, `
		UPDATE acp_sessions SET session_id = CASE WHEN $3::text IS NULL THEN session_id ELSE nullif($3, '') END,
			workdir = CASE WHEN $4::text IS NULL THEN workdir ELSE nullif($4, '') END, status = coalesce($5, status), updated_at = $6
		WHERE conversation_id = $1 AND agent_id = $2`,
		conversationID, agentID, u.SessionID, u.Workdir, (*string)(u.Status), c.cfg.Now().UnixMilli())
}

// DeleteACPSession removes an agent's session from a conversation.
func (c chat) DeleteACPSession(ctx context.Context, conversationID, agentID string) error {
	return c.execOne(ctx, "deleting agent session of conversation", conversationID,
		"DELETE FROM acp_sessions WHERE conversation_id = $1 AND agent_id = $2", conversationID, agentID)
}

// DeleteACPSessions removes all agents' sessions from a conversation and
// returns how many there were.
func (c chat) DeleteACPSessions(ctx context.Context, conversationID string) (int64, error) {
	return c.exec(ctx, "deleting agent sessions of conversation", conversationID,
		"DELETE FROM acp_sessions WHERE conversation_id = $1", conversationID)
}
