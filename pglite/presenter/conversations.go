package presenter

import (
	"context"
)

// CreateConversation makes a conversation. It is ErrExists if the id is taken.
func (c chat) CreateConversation(ctx context.Context, n NewConversation) (Conversation, error) {
	const op = "creating conversation"
	row, err := n.row(op, c.cfg)
	if err != nil {
		return Conversation{}, err
	}
	return queryOne(ctx, c.runner, op, n.ID, scanConversation, `
		INSERT INTO conversations (conv_id, title, settings, created_at, updated_at, is_new, is_pinned,
			parent_conversation_id, parent_message_id, parent_selection)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING `+conversationColumns, row...)
}

// InsertConversations makes many conversations at once, with COPY: all or none.
// It returns their ids, in order.
func (c chat) InsertConversations(ctx context.Context, list []NewConversation) ([]string, error) {
	const op = "inserting conversations"
	ids := make([]string, len(list))
	rows := make([][]any, len(list))
	var size int64
	for i, n := range list {
		var err error
		if rows[i], err = n.row(op, c.cfg); err != nil {
			return nil, err
		}
		ids[i] = rows[i][0].(string)
		size += sizeOf(rows[i])
	}
	if size > c.cfg.Memory {
		return nil, refuse(op, "", outOfMemory, "%d conversations have %d bytes, and Config.Memory is %d", len(list), size, c.cfg.Memory)
	}
	err := c.copyFrom(ctx, op, "conversations", insertedColumns, len(rows), func(i int) ([]any, error) { return rows[i], nil })
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// Conversation returns a conversation, or ErrNotFound.
func (c chat) Conversation(ctx context.Context, id string) (Conversation, error) {
	return queryOne(ctx, c.runner, "reading conversation", id, scanConversation,
		`SELECT `+conversationColumns+` FROM conversations WHERE conv_id = $1`, id)
}

// ConversationCount returns how many conversations there are. It looks at each.
func (c chat) ConversationCount(ctx context.Context) (int64, error) {
	return queryOne(ctx, c.runner, "counting conversations", "", scanInt, "SELECT count(*) FROM conversations")
}

// RenameConversation gives a conversation a title, after which it is not new,
// and returns it.
func (c chat) RenameConversation(ctx context.Context, id, title string) (Conversation, error) {
	return queryOne(ctx, c.runner, "renaming conversation", id, scanConversation,
		`UPDATE conversations SET title = $2, is_new = 0, updated_at = $3 WHERE conv_id = $1 RETURNING `+conversationColumns,
		id, title, c.cfg.Now().UnixMilli())
}

// UpdateConversation changes what is given of a conversation, and when it was
// updated.
func (c chat) UpdateConversation(ctx context.Context, id string, u ConversationUpdate) error {
	const op = "updating conversation"
	var settings *string
	if u.Settings != nil {
		text, err := encode(op, id, *u.Settings)
		if err != nil {
			return err
		}
		settings = &text
	}
	return c.execOne(ctx, op, id, `
		UPDATE conversations SET title = coalesce($2, title), settings = coalesce($3::jsonb, settings),
			is_new = coalesce($4, is_new), is_pinned = coalesce($5, is_pinned),
			parent_conversation_id = CASE WHEN $6::text IS NULL THEN parent_conversation_id ELSE nullif($6, '') END,
			parent_message_id = CASE WHEN $7::text IS NULL THEN parent_message_id ELSE nullif($7, '') END,
			parent_selection = CASE WHEN $8 THEN $9::jsonb ELSE parent_selection END,
			updated_at = $10
		WHERE conv_id = $1`,
		id, u.Title, settings, optionalFlag(u.IsNew), optionalFlag(u.IsPinned), u.ParentConversationID, u.ParentMessageID,
		u.ParentSelection != nil, nullableJSON(u.ParentSelection), c.cfg.millis(u.UpdatedAt))
}

// UpdateSettings changes a conversation's settings with a function, while
// nobody else can, and returns them. If the function returns an error, nothing
// changes, and that is the error.
func (c chat) UpdateSettings(ctx context.Context, id string, change func(*Settings) error) (Settings, error) {
	const op = "changing settings of conversation"
	var settings Settings
	err := c.atomically(ctx, op, func(r runner) error {
		before, err := queryOne(ctx, r, op, id, scanConversation,
			`SELECT `+conversationColumns+` FROM conversations WHERE conv_id = $1 FOR NO KEY UPDATE`, id)
		if err != nil {
			return err
		}
		settings = before.Settings
		if err := change(&settings); err != nil {
			return err
		}
		return chat{r}.UpdateConversation(ctx, id, ConversationUpdate{Settings: &settings})
	})
	if err != nil {
		return Settings{}, err
	}
	return settings, nil
}

// PinConversation pins a conversation, or no longer. That is no update.
func (c chat) PinConversation(ctx context.Context, id string, pinned bool) error {
	return c.execOne(ctx, "pinning conversation", id, "UPDATE conversations SET is_pinned = $2 WHERE conv_id = $1", id, flag(pinned))
}

// DeleteConversation deletes a conversation with all that belongs to it. The
// conversations that came from it stay.
func (c chat) DeleteConversation(ctx context.Context, id string) error {
	return c.execOne(ctx, "deleting conversation", id, "DELETE FROM conversations WHERE conv_id = $1", id)
}
