package presenter

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// ConversationPage is a page of a list.
type ConversationPage struct {
	// Total is how many conversations there are on all pages.
	Total int64          `json:"total"`
	List  []Conversation `json:"list"`
}

// ConversationPage returns a page of the conversations, the last updated first.
// Pages count from 1 and have up to MaxPage conversations. The total and a
// page far down cost time in proportion to what there is; ListConversations
// does not.
func (c chat) ConversationPage(ctx context.Context, page, size int) (ConversationPage, error) {
	const op = "listing conversations"
	if page < 1 {
		return ConversationPage{}, refuse(op, "", invalidParameter, "there is no page %d: the first is 1", page)
	}
	size, err := limit(op, size)
	if err != nil {
		return ConversationPage{}, err
	}
	total, err := c.ConversationCount(ctx)
	if err != nil {
		return ConversationPage{}, err
	}
	list, err := query(ctx, c.runner, op, "", scanConversation, `SELECT `+conversationColumns+` FROM conversations
		ORDER BY updated_at DESC, id DESC LIMIT $1 OFFSET $2`, size, int64(page-1)*int64(size))
	return ConversationPage{total, list}, err
}

// ConversationList says what ListConversations returns.
type ConversationList struct {
	// PinnedFirst puts pinned conversations before the others.
	PinnedFirst bool
	// After is where the last list ended; "" means the beginning.
	After Cursor
	// Limit is how many at most; 0 means DefaultPage, and the most is MaxPage.
	Limit int
}

// ListConversations returns conversations, the last updated first, and where
// the list goes on, "" if it does not. Each call costs the same, wherever it
// begins.
func (c chat) ListConversations(ctx context.Context, l ConversationList) ([]Conversation, Cursor, error) {
	const op = "listing conversations"
	n, err := limit(op, l.Limit)
	if err != nil {
		return nil, "", err
	}
	p, ok, err := l.After.place(op)
	if err != nil {
		return nil, "", err
	}
	sql, args := `SELECT `+conversationColumns+`, id FROM conversations`, []any{n + 1}
	pinned := func(c Conversation) int64 { return 0 }
	switch order := ` ORDER BY updated_at DESC, id DESC LIMIT $1`; {
	case l.PinnedFirst:
		pinned = func(c Conversation) int64 { return int64(flag(c.IsPinned)) }
		if ok {
			sql, args = sql+` WHERE (is_pinned, updated_at, id) < ($2, $3, $4)`, append(args, p[0], p[1], p[2])
		}
		sql += ` ORDER BY is_pinned DESC, updated_at DESC, id DESC LIMIT $1`
	case ok:
		sql, args = sql+` WHERE (updated_at, id) < ($2, $3)`+order, append(args, p[1], p[2])
	default:
		sql += order
	}
	list, err := query(ctx, c.runner, op, "", func(row pgx.CollectableRow) (p placed[Conversation], err error) {
		dest, finish := p.value.dest()
		if err := row.Scan(append(dest, &p.place[2])...); err != nil {
			return p, err
		}
		err = finish()
		p.place[0], p.place[1] = pinned(p.value), p.value.UpdatedAt.UnixMilli()
		return p, err
	}, sql, args...)
	if err != nil {
		return nil, "", err
	}
	conversations, more := next(list, n)
	return conversations, more, nil
}

// A ConversationSummary is a conversation with the number of its messages.
type ConversationSummary struct {
	Conversation
	MessageCount int64 `json:"messageCount"`
}

// RecentConversations returns the conversations that were updated last, after
// the pinned ones, with the number of their messages; 0 means DefaultPage.
func (c chat) RecentConversations(ctx context.Context, most int) ([]ConversationSummary, error) {
	const op = "listing recent conversations"
	n, err := limit(op, most)
	if err != nil {
		return nil, err
	}
	return query(ctx, c.runner, op, "", func(row pgx.CollectableRow) (s ConversationSummary, err error) {
		dest, finish := s.dest()
		if err := row.Scan(append(dest, &s.MessageCount)...); err != nil {
			return s, err
		}
		return s, finish()
	}, `SELECT `+conversationColumns+`, (SELECT count(*) FROM messages m WHERE m.conversation_id = c.conv_id)
		FROM conversations c ORDER BY is_pinned DESC, updated_at DESC, id DESC LIMIT $1`, n)
}

// ChildConversations returns the conversations that came from one, the oldest
// first.
func (c chat) ChildConversations(ctx context.Context, parentID string) ([]Conversation, error) {
	return query(ctx, c.runner, "listing children of conversation", parentID, scanConversation,
		`SELECT `+conversationColumns+` FROM conversations WHERE parent_conversation_id = $1 ORDER BY created_at, id`, parentID)
}

// ChildConversationsOfMessages returns the conversations that came from any of
// some messages, the oldest first.
func (c chat) ChildConversationsOfMessages(ctx context.Context, messageIDs []string) ([]Conversation, error) {
	return query(ctx, c.runner, "listing children of messages", "", scanConversation,
		`SELECT `+conversationColumns+` FROM conversations WHERE parent_message_id = ANY($1) ORDER BY created_at, id`, messageIDs)
}
