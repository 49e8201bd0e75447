package presenter

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"
)

// SetAppSetting remembers a value, as JSON, under a key that is not empty, in
// place of what was there. These are the program's own settings, apart from
// those of conversations.
func (c chat) SetAppSetting(ctx context.Context, key string, value any) error {
	const op = "storing setting"
	text, err := encode(op, key, value)
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, op, key, `INSERT INTO app_settings (key, value, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, key, text, c.cfg.Now().UnixMilli())
	return err
}

// AppSetting reads a value into a variable, as json.Unmarshal does, or is
// ErrNotFound.
func (c chat) AppSetting(ctx context.Context, key string, into any) error {
	const op = "reading setting"
	value, err := queryOne(ctx, c.runner, op, key, pgx.RowTo[json.RawMessage], "SELECT value FROM app_settings WHERE key = $1", key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(value, into); err != nil {
		return refuse(op, key, invalidParameter, "%w", err)
	}
	return nil
}

// AppSettings returns all values.
func (c chat) AppSettings(ctx context.Context) (map[string]json.RawMessage, error) {
	type setting struct {
		Key   string
		Value json.RawMessage
	}
	list, err := query(ctx, c.runner, "reading settings", "", pgx.RowToStructByPos[setting], "SELECT key, value FROM app_settings")
	if err != nil {
		return nil, err
	}
	all := make(map[string]json.RawMessage, len(list))
	for _, s := range list {
		all[s.Key] = s.Value
	}
	return all, nil
}

// DeleteAppSetting forgets a value, or is ErrNotFound.
func (c chat) DeleteAppSetting(ctx context.Context, key string) error {
	return c.execOne(ctx, "deleting setting", key, "DELETE FROM app_settings WHERE key = $1", key)
}
