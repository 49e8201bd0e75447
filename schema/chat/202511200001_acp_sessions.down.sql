DROP TABLE acp_sessions;
