package presenter

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// inOrder sorts the messages of a conversation.
const inOrder = ` ORDER BY created_at, order_seq, id`

// Message returns a message, or ErrNotFound.
func (c chat) Message(ctx context.Context, id string) (Message, error) {
	return queryOne(ctx, c.runner, "reading message", id, scanMessage, `SELECT `+messageColumns+` FROM messages WHERE msg_id = $1`, id)
}

// MessagesByID returns those of the messages that exist, in the order of the
// ids.
func (c chat) MessagesByID(ctx context.Context, ids []string) ([]Message, error) {
	return query(ctx, c.runner, "reading messages", "", scanMessage, `SELECT `+messageColumns+`
		FROM unnest($1::text[]) WITH ORDINALITY AS wanted (wanted_id, nth) JOIN messages ON msg_id = wanted_id ORDER BY nth`, ids)
}

// Messages returns a conversation's messages in order, without variants; these
// are in Variants of the answers with the same parent.
func (c chat) Messages(ctx context.Context, conversationID string) ([]Message, error) {
	all, err := c.allMessages(ctx, conversationID)
	if err != nil {
		return nil, err
	}
	return withVariants(all), nil
}

// allMessages returns a conversation's messages in order, and variants as any
// other.
func (c chat) allMessages(ctx context.Context, conversationID string) ([]Message, error) {
	return query(ctx, c.runner, "reading messages of conversation", conversationID, scanMessage,
		`SELECT `+messageColumns+` FROM messages WHERE conversation_id = $1`+inOrder, conversationID)
}

// withVariants takes the variants out of a list and gives them to the answers.
func withVariants(all []Message) []Message {
	variants := map[string][]Message{}
	for _, m := range all {
		if m.IsVariant && m.ParentID != "" {
			variants[m.ParentID] = append(variants[m.ParentID], m)
		}
	}
	var list []Message
	for _, m := range all {
		if m.IsVariant {
			continue
		}
		if m.Role == Assistant {
			m.Variants = variants[m.ParentID]
		}
		list = append(list, m)
	}
	return list
}

// MessageList says what ListMessages returns.
type MessageList struct {
	// NewestFirst lists from the end.
	NewestFirst bool
	// After is where the last list ended; "" means the beginning.
	After Cursor
	// Limit is how many at most; 0 means DefaultPage, and the most is MaxPage.
	Limit int
}

// ListMessages returns messages of a conversation, variants as any other, and
// where the list goes on, "" if it does not. Each call costs the same, wherever
// it begins.
func (c chat) ListMessages(ctx context.Context, conversationID string, l MessageList) ([]Message, Cursor, error) {
	const op = "listing messages of conversation"
	n, err := limit(op, l.Limit)
	if err != nil {
		return nil, "", err
	}
	p, ok, err := l.After.place(op)
	if err != nil {
		return nil, "", err
	}
	sql, args := `SELECT `+messageColumns+`, id FROM messages WHERE conversation_id = $1`, []any{conversationID, n + 1}
	compare, order := ">", inOrder
	if l.NewestFirst {
		compare, order = "<", ` ORDER BY created_at DESC, order_seq DESC, id DESC`
	}
	if ok {
		sql, args = sql+` AND (created_at, order_seq, id) `+compare+` ($3, $4, $5)`, append(args, p[0], p[1], p[2])
	}
	list, err := query(ctx, c.runner, op, conversationID, func(row pgx.CollectableRow) (p placed[Message], err error) {
		p.value, err = scanMessageWith(row, &p.place[2])
		p.place[0], p.place[1] = p.value.CreatedAt.UnixMilli(), int64(p.value.OrderSeq)
		return p, err
	}, sql+order+` LIMIT $2`, args...)
	if err != nil {
		return nil, "", err
	}
	messages, more := next(list, n)
	return messages, more, nil
}

// MessageIDs returns the ids of a conversation's messages in order, without
// variants.
func (c chat) MessageIDs(ctx context.Context, conversationID string) ([]string, error) {
	return query(ctx, c.runner, "listing ids of messages of conversation", conversationID, pgx.RowTo[string],
		`SELECT msg_id FROM messages WHERE conversation_id = $1 AND is_variant = 0`+inOrder, conversationID)
}

// MessageVariants returns the messages whose parent a message is, the oldest
// first.
func (c chat) MessageVariants(ctx context.Context, id string) ([]Message, error) {
	return query(ctx, c.runner, "reading variants of message", id, scanMessage, `SELECT `+messageColumns+` FROM messages
		WHERE conversation_id = (SELECT conversation_id FROM messages WHERE msg_id = $1) AND parent_id = $1`+inOrder, id)
}

// MainMessageByParent returns the first answer to a message that is not a
// variant, with its Variants, or ErrNotFound.
func (c chat) MainMessageByParent(ctx context.Context, conversationID, parentID string) (Message, error) {
	const op = "reading answer to message"
	all, err := query(ctx, c.runner, op, parentID, scanMessage,
		`SELECT `+messageColumns+` FROM messages WHERE conversation_id = $1 AND parent_id = $2`+inOrder, conversationID, parentID)
	if err != nil {
		return Message{}, err
	}
	if list := withVariants(all); len(list) > 0 {
		return list[0], nil
	}
	return Message{}, wrap(op, parentID, pgx.ErrNoRows)
}

// LastUserMessage returns the user's last message of a conversation, or
// ErrNotFound.
func (c chat) LastUserMessage(ctx context.Context, conversationID string) (Message, error) {
	return c.last(ctx, conversationID, User)
}

// LastAssistantMessage returns the assistant's last message of a conversation
// that is not a variant, or ErrNotFound.
func (c chat) LastAssistantMessage(ctx context.Context, conversationID string) (Message, error) {
	return c.last(ctx, conversationID, Assistant)
}

func (c chat) last(ctx context.Context, conversationID string, role Role) (Message, error) {
	return queryOne(ctx, c.runner, "reading last message of conversation", conversationID, scanMessage, `SELECT `+messageColumns+` FROM messages
		WHERE conversation_id = $1 AND role = $2 AND is_variant = 0 ORDER BY created_at DESC, order_seq DESC, id DESC LIMIT 1`,
		conversationID, string(role))
}

// MaxOrderSeq returns the largest OrderSeq in a conversation, 0 if there is
// none.
func (c chat) MaxOrderSeq(ctx context.Context, conversationID string) (int, error) {
	n, err := queryOne(ctx, c.runner, "reading order of conversation", conversationID, scanInt,
		"SELECT coalesce(max(order_seq), 0)::bigint FROM messages WHERE conversation_id = $1", conversationID)
	return int(n), err
}
