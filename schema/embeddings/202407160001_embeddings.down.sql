-- The extension stays: other tables may use it.
DROP TABLE meta.embeddings;
