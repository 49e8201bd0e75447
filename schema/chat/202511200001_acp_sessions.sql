-- Sessions of agents (Agent Client Protocol) that take part in a conversation.
CREATE TABLE acp_sessions (
  conversation_id text NOT NULL CONSTRAINT acp_sessions_conversation_id_fkey REFERENCES conversations (conv_id) ON DELETE CASCADE,
  agent_id text NOT NULL,
  session_id text,
  workdir text,
  status text NOT NULL DEFAULT 'idle' CONSTRAINT acp_sessions_status_check CHECK (status IN ('idle', 'active', 'error')),
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (conversation_id, agent_id),
  CONSTRAINT acp_sessions_agent_id_session_id_key UNIQUE (agent_id, session_id)
);
