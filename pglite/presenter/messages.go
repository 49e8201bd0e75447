package presenter

import (
	"context"
	"math"
)

// InsertMessage adds a message to a conversation, which is not thereby updated:
// that is UpdateConversation's. If OrderSeq is 0, those who add to the same
// conversation take turns, so that no number is given twice.
func (c chat) InsertMessage(ctx context.Context, n NewMessage) (m Message, err error) {
	const op = "inserting message"
	if err := n.check(op); err != nil {
		return m, err
	}
	if n.OrderSeq != 0 {
		return c.insertMessage(ctx, op, n)
	}
	err = c.atomically(ctx, op, func(r runner) error {
		last, err := chat{r}.lockOrderSeq(ctx, op, n.ConversationID)
		if err != nil {
			return err
		}
		n.OrderSeq = int(last) + 1
		m, err = chat{r}.insertMessage(ctx, op, n)
		return err
	})
	return m, err
}

func (c chat) insertMessage(ctx context.Context, op string, n NewMessage) (Message, error) {
	return queryOne(ctx, c.runner, op, n.ID, scanMessage, `
		INSERT INTO messages (msg_id, conversation_id, parent_id, role, content, created_at, order_seq, token_count,
			status, metadata, is_context_edge, is_variant)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING `+messageColumns, n.row(c.cfg)...)
}

// lockOrderSeq returns the last number of a conversation, and lets nobody else
// take the next until the transaction ends.
func (c chat) lockOrderSeq(ctx context.Context, op, conversationID string) (int64, error) {
	locked, err := query(ctx, c.runner, op, "", scanInt,
		"SELECT 1::bigint FROM conversations WHERE conv_id = $1 FOR NO KEY UPDATE", conversationID)
	if err != nil {
		return 0, err
	}
	if len(locked) == 0 {
		return 0, refuse(op, "", foreignKeyViolation, "there is no conversation %q", shorten(conversationID))
	}
	return queryOne(ctx, c.runner, op, "", scanInt,
		"SELECT coalesce(max(order_seq), 0)::bigint FROM messages WHERE conversation_id = $1", conversationID)
}

// check refuses numbers that the columns cannot hold. The rest is the
// database's to check.
func (n NewMessage) check(op string) error {
	if n.OrderSeq < 0 || n.OrderSeq > math.MaxInt32 {
		return refuse(op, n.ID, invalidParameter, "OrderSeq %d is not between 0 and %d", n.OrderSeq, math.MaxInt32)
	}
	if n.TokenCount < 0 || n.TokenCount > math.MaxInt32 {
		return refuse(op, n.ID, invalidParameter, "TokenCount %d is not between 0 and %d", n.TokenCount, math.MaxInt32)
	}
	return nil
}

// InsertMessages adds many messages at once, with COPY: all or none. It returns
// their ids, in order. A parent may be among them. An OrderSeq of 0 is given
// the next number of its conversation.
func (c chat) InsertMessages(ctx context.Context, list []NewMessage) (ids []string, err error) {
	const op = "inserting messages"
	ids, order := make([]string, len(list)), make([]int, len(list))
	var size int64
	for i, n := range list {
		if err := n.check(op); err != nil {
			return nil, err
		}
		ids[i], order[i] = c.cfg.id(n.ID), n.OrderSeq
		size += n.size()
	}
	if size > c.cfg.Memory {
		return nil, refuse(op, "", outOfMemory, "%d messages have %d bytes, and Config.Memory is %d: ImportMessages takes more", len(list), size, c.cfg.Memory)
	}
	err = c.atomically(ctx, op, func(r runner) error {
		if err := (chat{r}).number(ctx, op, list, order); err != nil {
			return err
		}
		return r.copyFrom(ctx, op, "messages", insertedMessageColumns, len(list), func(i int) ([]any, error) {
			n := list[i]
			n.ID, n.OrderSeq = ids[i], order[i]
			return n.row(c.cfg), nil
		})
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// number fills in the order of the messages that have none.
func (c chat) number(ctx context.Context, op string, list []NewMessage, order []int) error {
	last := map[string]int64{}
	for i, n := range list {
		if n.OrderSeq != 0 {
			continue
		}
		seq, ok := last[n.ConversationID]
		if !ok {
			var err error
			if seq, err = c.lockOrderSeq(ctx, op, n.ConversationID); err != nil {
				return err
			}
			for _, other := range list {
				if other.ConversationID == n.ConversationID {
					seq = max(seq, int64(other.OrderSeq))
				}
			}
		}
		last[n.ConversationID] = seq + 1
		order[i] = int(seq + 1)
	}
	return nil
}

// UpdateMessage changes what is given of a message.
func (c chat) UpdateMessage(ctx context.Context, id string, u MessageUpdate) error {
	const op = "updating message"
	if u.TokenCount != nil {
		if err := (NewMessage{ID: id, TokenCount: *u.TokenCount}).check(op); err != nil {
			return err
		}
	}
	return c.execOne(ctx, op, id, `
		UPDATE messages SET content = coalesce($2, content), status = coalesce($3, status), metadata = coalesce($4::jsonb, metadata),
			is_context_edge = coalesce($5, is_context_edge), token_count = coalesce($6, token_count)
		WHERE msg_id = $1`, id, u.Content, (*string)(u.Status), nullableJSON(u.Metadata), optionalFlag(u.IsContextEdge), u.TokenCount)
}

// UpdateMessageParent makes a message the child of another one of the same
// conversation, or of none if that is empty. A message cannot be its own
// ancestor: that is ErrInvalid.
func (c chat) UpdateMessageParent(ctx context.Context, id, parentID string) error {
	const op = "changing parent of message"
	return c.atomically(ctx, op, func(r runner) error {
		// Whoever changes parents in a conversation locks it, so that two
		// changes cannot make a circle together.
		err := r.execOne(ctx, op, id, `SELECT FROM conversations WHERE conv_id = (SELECT conversation_id FROM messages WHERE msg_id = $1)
			FOR NO KEY UPDATE`, id)
		if err != nil {
			return err
		}
		circle, err := query(ctx, r, op, id, scanInt, `
			WITH RECURSIVE ancestor AS (
				SELECT conversation_id, msg_id, parent_id FROM messages WHERE msg_id = $2
				UNION
				SELECT m.conversation_id, m.msg_id, m.parent_id FROM messages m
				JOIN ancestor a ON m.conversation_id = a.conversation_id AND m.msg_id = a.parent_id
			)
			SELECT 1::bigint FROM ancestor WHERE msg_id = $1`, id, parentID)
		if err != nil {
			return err
		}
		if len(circle) > 0 {
			return refuse(op, id, checkViolation, "%q comes after it, and cannot be its parent", shorten(parentID))
		}
		return r.execOne(ctx, op, id, "UPDATE messages SET parent_id = $2 WHERE msg_id = $1", id, nullable(parentID))
	})
}

// DeleteMessage deletes a message with its attachments. Its children stay,
// without a parent.
func (c chat) DeleteMessage(ctx context.Context, id string) error {
	return c.execOne(ctx, "deleting message", id, "DELETE FROM messages WHERE msg_id = $1", id)
}

// DeleteMessages deletes all messages of a conversation and returns how many
// there were.
func (c chat) DeleteMessages(ctx context.Context, conversationID string) (int64, error) {
	return c.exec(ctx, "deleting messages of conversation", conversationID, "DELETE FROM messages WHERE conversation_id = $1", conversationID)
}

// DeleteAllMessages deletes the messages of all conversations and returns how
// many there were.
func (c chat) DeleteAllMessages(ctx context.Context) (int64, error) {
	return c.exec(ctx, "deleting all messages", "", "DELETE FROM messages")
}
