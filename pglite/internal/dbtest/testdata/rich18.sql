-- What only PostgreSQL 16 to 18 have, and pgvector; it comes after rich.sql.

CREATE EXTENSION vector WITH SCHEMA public;
CREATE TABLE embedding (
	id bigint PRIMARY KEY,
	v vector(3) NOT NULL,
	h halfvec(2)[],
	s sparsevec(5) DEFAULT '{1:1.5,3:-2}/5',
	v_norm real GENERATED ALWAYS AS (vector_norm(v)) STORED
);
INSERT INTO embedding VALUES (1, '[1,2,3]', '{"[1,2]","[3,4]"}', DEFAULT), (2, '[-1e-7,0,3.5]', NULL, '{}/5');
CREATE INDEX ON embedding USING hnsw (v vector_cosine_ops) WITH (m = 8, ef_construction = 32);
CREATE INDEX ON embedding USING ivfflat (v vector_l2_ops) WITH (lists = 2);
CREATE FUNCTION near(v vector, n integer DEFAULT 5) RETURNS SETOF embedding LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT * FROM embedding e ORDER BY e.v <-> near.v LIMIT near.n;
END;

CREATE EXTENSION btree_gist WITH SCHEMA app;
CREATE TABLE booking (
	room integer,
	during daterange,
	price integer CONSTRAINT "has; a price" NOT NULL,
	doubled integer GENERATED ALWAYS AS (price * 2) VIRTUAL,
	CONSTRAINT no_overlap PRIMARY KEY (room, during WITHOUT OVERLAPS)
);
CREATE TABLE guest (
	room integer, during daterange,
	CONSTRAINT stays FOREIGN KEY (room, PERIOD during) REFERENCES booking (room, PERIOD during)
);
INSERT INTO booking VALUES (1, '[2024-01-01,2024-02-01)', 10), (1, '[2024-02-01,2024-03-01)', 20);
INSERT INTO guest VALUES (1, '[2024-01-15,2024-02-15)');
ALTER TABLE booking ADD CONSTRAINT unenforced CHECK (price < 15) NOT ENFORCED;
CREATE TABLE not_null_later (a integer);
ALTER TABLE not_null_later ADD CONSTRAINT nn NOT NULL a NOT VALID;
CREATE TABLE by_am (a integer) PARTITION BY LIST (a) USING heap2;
CREATE TABLE by_am_1 PARTITION OF by_am FOR VALUES IN (1);
CREATE TABLE jsons (j jsonb CHECK (j IS JSON OBJECT WITH UNIQUE KEYS), t text COMPRESSION pglz);
INSERT INTO jsons VALUES ('{"a": [1e5, 0.10, "\u00fc"]}', repeat('long ', 1000));
CREATE COLLATION builtin_c (PROVIDER = builtin, LOCALE = 'C.UTF-8');
CREATE ROLE rich_group;
GRANT MAINTAIN ON jsons TO rich_owner;
