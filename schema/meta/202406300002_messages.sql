CREATE TABLE messages (
  id text PRIMARY KEY,
  database_id text NOT NULL REFERENCES databases (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  content text NOT NULL,
  role text NOT NULL CHECK (role IN ('user', 'assistant', 'tool')),
  tool_invocations jsonb
);
