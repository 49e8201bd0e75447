-- Times are milliseconds since 1970-01-01 UTC, and flags 0 or 1, as in the
-- databases that this schema takes over. ids in text are the program's own; the
-- numbers only break ties between rows of the same millisecond. The primary key
-- of messages begins with what a distributed PostgreSQL would shard by.

CREATE TABLE conversations (
  id bigint GENERATED ALWAYS AS IDENTITY,
  conv_id text PRIMARY KEY CONSTRAINT conversations_conv_id_check CHECK (conv_id <> ''),
  title text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  is_pinned integer NOT NULL DEFAULT 0 CONSTRAINT conversations_is_pinned_check CHECK (is_pinned IN (0, 1)),
  is_new integer NOT NULL DEFAULT 1 CONSTRAINT conversations_is_new_check CHECK (is_new IN (0, 1)),
  settings jsonb NOT NULL DEFAULT '{}' CONSTRAINT conversations_settings_check CHECK (jsonb_typeof(settings) = 'object'),
  -- Where a conversation that began with words of another came from. The other
  -- may be gone, so these are no foreign keys.
  parent_conversation_id text,
  parent_message_id text,
  parent_selection jsonb
);

CREATE INDEX idx_conversations_updated ON conversations (updated_at DESC, id DESC);
CREATE INDEX idx_conversations_pinned ON conversations (is_pinned DESC, updated_at DESC, id DESC);
CREATE INDEX idx_conversations_parent ON conversations (parent_conversation_id) WHERE parent_conversation_id IS NOT NULL;
CREATE INDEX idx_conversations_parent_message ON conversations (parent_message_id) WHERE parent_message_id IS NOT NULL;

CREATE TABLE messages (
  id bigint GENERATED ALWAYS AS IDENTITY,
  msg_id text NOT NULL CONSTRAINT messages_msg_id_key UNIQUE CONSTRAINT messages_msg_id_check CHECK (msg_id <> ''),
  conversation_id text NOT NULL CONSTRAINT messages_conversation_id_fkey REFERENCES conversations (conv_id) ON DELETE CASCADE,
  parent_id text CONSTRAINT messages_parent_id_check CHECK (parent_id <> msg_id),
  role text NOT NULL CONSTRAINT messages_role_check CHECK (role IN ('user', 'assistant', 'system', 'function')),
  content text NOT NULL,
  created_at bigint NOT NULL,
  order_seq integer NOT NULL DEFAULT 0,
  token_count integer NOT NULL DEFAULT 0 CONSTRAINT messages_token_count_check CHECK (token_count >= 0),
  status text NOT NULL DEFAULT 'sent' CONSTRAINT messages_status_check CHECK (status IN ('sent', 'pending', 'error')),
  metadata jsonb NOT NULL DEFAULT '{}',
  is_context_edge integer NOT NULL DEFAULT 0 CONSTRAINT messages_is_context_edge_check CHECK (is_context_edge IN (0, 1)),
  is_variant integer NOT NULL DEFAULT 0 CONSTRAINT messages_is_variant_check CHECK (is_variant IN (0, 1)),
  PRIMARY KEY (conversation_id, msg_id),
  -- A parent is a message of the same conversation. Deleting it leaves its
  -- children without one.
  CONSTRAINT messages_parent_id_fkey FOREIGN KEY (conversation_id, parent_id)
    REFERENCES messages (conversation_id, msg_id) ON DELETE SET NULL (parent_id)
);

CREATE INDEX idx_messages_conversation ON messages (conversation_id, created_at, order_seq, id);
-- For searches, which begin with the newest messages.
CREATE INDEX idx_messages_timeline ON messages (created_at);
CREATE INDEX idx_messages_parent ON messages (conversation_id, parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE message_attachments (
  id bigint GENERATED ALWAYS AS IDENTITY,
  attachment_id text PRIMARY KEY CONSTRAINT message_attachments_attachment_id_check CHECK (attachment_id <> ''),
  message_id text NOT NULL CONSTRAINT message_attachments_message_id_fkey REFERENCES messages (msg_id) ON DELETE CASCADE,
  attachment_type text NOT NULL,
  attachment_data text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at bigint NOT NULL
);

CREATE INDEX idx_message_attachments_message ON message_attachments (message_id, created_at, id);
