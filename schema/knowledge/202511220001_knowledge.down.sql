-- The extension stays: other tables may use it.
DROP TABLE knowledge_vectors, knowledge_chunks, knowledge_files, knowledge_spaces, knowledge_bases;
