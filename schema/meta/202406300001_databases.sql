CREATE TABLE databases (
  id text PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  name text,
  is_hidden boolean NOT NULL DEFAULT false
);
