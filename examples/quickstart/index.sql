CREATE INDEX declaration_search ON quickstart.declaration USING gin (search);
CREATE INDEX declaration_embedding ON quickstart.declaration USING hnsw (embedding vector_cosine_ops);
ANALYZE quickstart.declaration;
