-- What a program remembers apart from its conversations.
CREATE TABLE app_settings (
  key text PRIMARY KEY CONSTRAINT app_settings_key_check CHECK (key <> ''),
  value jsonb NOT NULL,
  updated_at bigint NOT NULL
);
