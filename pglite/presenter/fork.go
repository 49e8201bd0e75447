package presenter

import "context"

// Fork says what ForkConversation makes.
type Fork struct {
	// ID is that of the new conversation, a new one if empty.
	ID string
	// UpTo is the last message to copy; "" copies all.
	UpTo string
	// Title is that of the original if empty, and so are Settings if nil.
	Title    string
	Settings *Settings
}

// ForkConversation makes a new conversation of another one's messages, with
// their variants and attachments, up to one of them. The copies have new ids,
// and the same parents, times and order.
func (c chat) ForkConversation(ctx context.Context, id string, f Fork) (fork Conversation, err error) {
	const op = "forking conversation"
	err = c.atomically(ctx, op, func(r runner) error {
		original, err := chat{r}.Conversation(ctx, id)
		if err != nil {
			return err
		}
		if f.UpTo != "" {
			last, err := chat{r}.Message(ctx, f.UpTo)
			if err != nil {
				return err
			}
			if last.ConversationID != id {
				return refuse(op, id, foreignKeyViolation, "message %q is of another conversation", shorten(f.UpTo))
			}
		}
		if f.Title == "" {
			f.Title = original.Title
		}
		if f.Settings == nil {
			f.Settings = &original.Settings
		}
		fork, err = chat{r}.CreateConversation(ctx, NewConversation{ID: f.ID, Title: f.Title, Settings: f.Settings, Old: !original.IsNew})
		if err != nil {
			return err
		}
		_, err = r.exec(ctx, op, id, forkSQL, id, fork.ID, f.UpTo)
		return err
	})
	return fork, err
}

// forkSQL copies messages and attachments. The new ids are made once, since a
// part of a query with a volatile function is computed once.
const forkSQL = `
WITH copied AS MATERIALIZED (
	SELECT m.*, replace(gen_random_uuid()::text, '-', '') AS new_id FROM messages m
	WHERE conversation_id = $1 AND ($3 = '' OR (created_at, order_seq, id) <= (SELECT created_at, order_seq, id FROM messages WHERE msg_id = $3))
), inserted AS (
	INSERT INTO messages (msg_id, conversation_id, parent_id, role, content, created_at, order_seq, token_count, status, metadata,
		is_context_edge, is_variant)
	SELECT m.new_id, $2, p.new_id, m.role, m.content, m.created_at, m.order_seq, m.token_count, m.status, m.metadata,
		m.is_context_edge, m.is_variant
	FROM copied m LEFT JOIN copied p ON p.msg_id = m.parent_id ORDER BY m.created_at, m.order_seq, m.id
)
INSERT INTO message_attachments (attachment_id, message_id, attachment_type, attachment_data, metadata, created_at)
SELECT replace(gen_random_uuid()::text, '-', ''), m.new_id, a.attachment_type, a.attachment_data, a.metadata, a.created_at
FROM message_attachments a JOIN copied m ON m.msg_id = a.message_id ORDER BY a.created_at, a.id`
