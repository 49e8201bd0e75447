-- Times are milliseconds since 1970-01-01 UTC. Vectors of all bases are in one
-- table, whatever their dimensions: embedding has none in its type, and a check
-- holds each to those of its space. An index on vectors is of one space: see
-- package presenter.

CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE knowledge_bases (
  base_id text CONSTRAINT knowledge_bases_pkey PRIMARY KEY CONSTRAINT knowledge_bases_base_id_check CHECK (base_id <> ''),
  name text NOT NULL,
  created_at bigint NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}' CONSTRAINT knowledge_bases_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

-- A space is where the vectors of one model live: a base has a current one,
-- which searches use, and for as long as it is embedded anew, the next one.
CREATE TABLE knowledge_spaces (
  space_id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT knowledge_spaces_pkey PRIMARY KEY,
  base_id text NOT NULL CONSTRAINT knowledge_spaces_base_id_fkey REFERENCES knowledge_bases (base_id) ON DELETE CASCADE,
  dimensions integer NOT NULL CONSTRAINT knowledge_spaces_dimensions_check CHECK (dimensions BETWEEN 1 AND 16000),
  metric text NOT NULL CONSTRAINT knowledge_spaces_metric_check CHECK (metric IN ('cosine', 'l2', 'ip')),
  model text NOT NULL,
  is_current boolean NOT NULL,
  created_at bigint NOT NULL,
  -- For the foreign key of vectors.
  CONSTRAINT knowledge_spaces_base_id_space_id_dimensions_key UNIQUE (base_id, space_id, dimensions)
);

CREATE UNIQUE INDEX idx_knowledge_spaces_current ON knowledge_spaces (base_id, is_current);

CREATE TABLE knowledge_files (
  id text CONSTRAINT knowledge_files_pkey PRIMARY KEY CONSTRAINT knowledge_files_id_check CHECK (id <> ''),
  base_id text NOT NULL CONSTRAINT knowledge_files_base_id_fkey REFERENCES knowledge_bases (base_id) ON DELETE CASCADE,
  name text NOT NULL,
  path text NOT NULL,
  mime_type text NOT NULL DEFAULT '',
  status text NOT NULL CONSTRAINT knowledge_files_status_check CHECK (status IN ('processing', 'completed', 'error', 'paused')),
  error text NOT NULL DEFAULT '',
  uploaded_at bigint NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}' CONSTRAINT knowledge_files_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
  -- For the foreign key of chunks.
  CONSTRAINT knowledge_files_base_id_id_key UNIQUE (base_id, id)
);

CREATE INDEX idx_knowledge_files_uploaded ON knowledge_files (base_id, uploaded_at DESC, id);
CREATE INDEX idx_knowledge_files_status ON knowledge_files (base_id, status);
CREATE INDEX idx_knowledge_files_path ON knowledge_files (path);

CREATE TABLE knowledge_chunks (
  id text CONSTRAINT knowledge_chunks_pkey PRIMARY KEY CONSTRAINT knowledge_chunks_id_check CHECK (id <> ''),
  base_id text NOT NULL,
  file_id text NOT NULL,
  chunk_index integer NOT NULL CONSTRAINT knowledge_chunks_chunk_index_check CHECK (chunk_index >= 0),
  content text NOT NULL,
  status text NOT NULL CONSTRAINT knowledge_chunks_status_check CHECK (status IN ('processing', 'completed', 'error', 'paused')),
  error text NOT NULL DEFAULT '',
  metadata jsonb NOT NULL DEFAULT '{}' CONSTRAINT knowledge_chunks_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
  CONSTRAINT knowledge_chunks_file_id_chunk_index_key UNIQUE (file_id, chunk_index),
  -- For the foreign key of vectors.
  CONSTRAINT knowledge_chunks_base_id_file_id_id_key UNIQUE (base_id, file_id, id),
  CONSTRAINT knowledge_chunks_base_id_file_id_fkey FOREIGN KEY (base_id, file_id)
    REFERENCES knowledge_files (base_id, id) ON DELETE CASCADE
);

CREATE INDEX idx_knowledge_chunks_status ON knowledge_chunks (base_id, status);

CREATE TABLE knowledge_vectors (
  id text CONSTRAINT knowledge_vectors_pkey PRIMARY KEY CONSTRAINT knowledge_vectors_id_check CHECK (id <> ''),
  base_id text NOT NULL,
  space_id integer NOT NULL,
  file_id text NOT NULL,
  chunk_id text NOT NULL,
  dimensions integer NOT NULL,
  embedding vector NOT NULL CONSTRAINT knowledge_vectors_embedding_check CHECK (vector_dims(embedding) = dimensions),
  created_at bigint NOT NULL DEFAULT (extract(epoch FROM now()) * 1000)::bigint,
  CONSTRAINT knowledge_vectors_space_fkey FOREIGN KEY (base_id, space_id, dimensions)
    REFERENCES knowledge_spaces (base_id, space_id, dimensions) ON DELETE CASCADE,
  CONSTRAINT knowledge_vectors_chunk_fkey FOREIGN KEY (base_id, file_id, chunk_id)
    REFERENCES knowledge_chunks (base_id, file_id, id) ON DELETE CASCADE
);

CREATE INDEX idx_knowledge_vectors_space ON knowledge_vectors (space_id, chunk_id);
CREATE INDEX idx_knowledge_vectors_chunk ON knowledge_vectors (base_id, file_id, chunk_id);
