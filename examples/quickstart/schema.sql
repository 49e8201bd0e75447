-- What the quickstart makes has a schema of its own, so that running it twice in one directory starts afresh.
DROP SCHEMA IF EXISTS quickstart CASCADE;
CREATE SCHEMA quickstart;

CREATE TABLE quickstart.declaration (
    id        integer PRIMARY KEY,
    package   text NOT NULL,
    symbol    text NOT NULL,
    kind      text NOT NULL,
    doc       text NOT NULL,
    embedding vector(384) NOT NULL,

    -- Names count for more than prose. A name like ReadAll is also found as its words, read and all.
    search    tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', regexp_replace(package || ' ' || symbol, '([a-z])([A-Z])|\W', '\1 \2', 'g')), 'A') ||
        setweight(to_tsvector('english', doc), 'B')
    ) STORED
);
