-- What the statements of the other files are about. It is run once, compiled, and both engines get a copy of the
-- files: the same statistics, and the same indexes, whose shape may be random. Tables stay below 30,000 rows, of
-- which ANALYZE takes all.
CREATE EXTENSION vector; CREATE EXTENSION pg_trgm; CREATE EXTENSION hstore; CREATE EXTENSION cube; CREATE EXTENSION earthdistance;
CREATE EXTENSION pgcrypto; CREATE EXTENSION ltree; CREATE EXTENSION intarray; CREATE EXTENSION seg; CREATE EXTENSION isn;
CREATE EXTENSION fuzzystrmatch; CREATE EXTENSION citext; CREATE EXTENSION unaccent; CREATE EXTENSION tablefunc;
CREATE EXTENSION btree_gin; CREATE EXTENSION btree_gist; CREATE EXTENSION bloom; CREATE EXTENSION "uuid-ossp";
CREATE EXTENSION tsm_system_rows; CREATE EXTENSION tsm_system_time; CREATE EXTENSION dict_int; CREATE EXTENSION pageinspect;
CREATE EXTENSION amcheck; CREATE EXTENSION pg_visibility; CREATE EXTENSION pg_freespacemap;

CREATE TABLE onek AS SELECT i AS unique1, (i * 7919) % 1000 AS unique2, i % 2 AS two, i % 4 AS four, i % 10 AS ten, i % 20 AS twenty,
	i % 100 AS hundred, md5(i::text) AS string, i::float8 / 3 AS real, (i % 37)::numeric / 7 AS num,
	CASE WHEN i % 11 <> 0 THEN i % 50 END AS few, timestamptz '2020-01-01 00:00Z' + i * interval '1 hour' AS at
	FROM generate_series(0, 999) AS i;
CREATE UNIQUE INDEX onek_unique1 ON onek (unique1); CREATE UNIQUE INDEX onek_unique2 ON onek (unique2);
CREATE INDEX onek_hundred ON onek (hundred); CREATE INDEX onek_string ON onek (string); CREATE INDEX onek_ten_four ON onek (ten, four) INCLUDE (real);
CREATE INDEX onek_few ON onek (few) WHERE two = 1; CREATE INDEX onek_lower ON onek (upper(string));

CREATE TABLE tenk AS SELECT i AS unique1, (i * 7919) % 10000 AS unique2, i % 10 AS ten, i % 100 AS hundred, i % 1000 AS thousand,
	i / 100 AS block, md5((i % 500)::text) AS string, sin(i) AS wave, ln(i + 1) AS growth, (i % 3 = 0) AS third
	FROM generate_series(0, 9999) AS i;
CREATE UNIQUE INDEX tenk_unique1 ON tenk (unique1); CREATE INDEX tenk_unique2 ON tenk (unique2); CREATE INDEX tenk_hundred ON tenk (hundred);
CREATE INDEX tenk_thousand ON tenk (thousand, ten); CREATE INDEX tenk_hash ON tenk USING hash (string); CREATE INDEX tenk_brin ON tenk USING brin (block) WITH (pages_per_range = 4);
CREATE INDEX tenk_brin_multi ON tenk USING brin (wave float8_minmax_multi_ops); CREATE INDEX tenk_bloom ON tenk USING bloom (ten, hundred, thousand);
CREATE STATISTICS tenk_stats (ndistinct, dependencies, mcv) ON ten, hundred, thousand FROM tenk;

CREATE TABLE doc AS SELECT i AS id, (SELECT string_agg(substr(md5((i * 31 + k)::text), 1, 1 + k % 5), ' ') FROM generate_series(1, 12) AS k) AS body,
	ARRAY[i % 7, i % 11, i % 13] AS tags, jsonb_build_object('a', i % 5, 'b', md5(i::text), 'c', jsonb_build_array(i, i % 3)) AS j,
	('k' || i % 9 || '=>' || i % 4)::hstore AS h, ('top.n' || i % 6 || '.m' || i % 17)::ltree AS path
	FROM generate_series(1, 1500) AS i;
ALTER TABLE doc ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED;
CREATE INDEX doc_words ON doc USING gin (words); CREATE INDEX doc_words_gist ON doc USING gist (words); CREATE INDEX doc_tags ON doc USING gin (tags);
CREATE INDEX doc_intarray ON doc USING gist (tags gist__int_ops); CREATE INDEX doc_j ON doc USING gin (j); CREATE INDEX doc_j_path ON doc USING gin (j jsonb_path_ops);
CREATE INDEX doc_trgm ON doc USING gin (body gin_trgm_ops); CREATE INDEX doc_trgm_gist ON doc USING gist (body gist_trgm_ops); CREATE INDEX doc_h ON doc USING gin (h);
CREATE INDEX doc_path ON doc USING gist (path); CREATE INDEX doc_body ON doc USING spgist (body); CREATE INDEX doc_btree_gin ON doc USING gin (id);

CREATE TABLE place AS SELECT i AS id, point(sin(i) * 100, cos(i * 1.7) * 100) AS p, box(point(i % 50, i % 30), point(i % 50 + 3, i % 30 + 2)) AS b,
	circle(point(i % 40, i % 60), i % 5 + 0.5) AS c, int4range(i % 300, i % 300 + 10) AS r, ('10.' || i % 7 || '.' || i % 256 || '.0/24')::inet AS net,
	cube(ARRAY[i % 17, sqrt(i), i % 5]::float8[]) AS q, ((i % 100) || '..' || (i % 100 + 5))::seg AS s, i % 8 AS kind
	FROM generate_series(1, 2000) AS i;
CREATE INDEX place_p ON place USING gist (p); CREATE INDEX place_p_quad ON place USING spgist (p); CREATE INDEX place_p_kd ON place USING spgist (p kd_point_ops);
CREATE INDEX place_b ON place USING gist (b); CREATE INDEX place_b_sp ON place USING spgist (b); CREATE INDEX place_c ON place USING gist (c);
CREATE INDEX place_r ON place USING gist (r); CREATE INDEX place_r_sp ON place USING spgist (r); CREATE INDEX place_net ON place USING gist (net inet_ops);
CREATE INDEX place_net_sp ON place USING spgist (net); CREATE INDEX place_q ON place USING gist (q); CREATE INDEX place_s ON place USING gist (s);
CREATE INDEX place_kind ON place USING gist (kind, r); CREATE INDEX place_brin ON place USING brin (net inet_inclusion_ops, r);

CREATE TABLE item AS SELECT i AS id, i % 10 AS kind, ARRAY[sin(i), cos(i), sin(i * 3), cos(i * 5), i % 7, sqrt(i), ln(i), 1.0 / i]::vector(8) AS v
	FROM generate_series(1, 1200) AS i;
CREATE INDEX item_l2 ON item USING hnsw (v vector_l2_ops); CREATE INDEX item_ip ON item USING hnsw (v vector_ip_ops); CREATE INDEX item_cos ON item USING ivfflat (v vector_cosine_ops) WITH (lists = 10);
CREATE INDEX item_half ON item USING hnsw ((v::halfvec(8)) halfvec_l2_ops); CREATE INDEX item_bit ON item USING hnsw ((binary_quantize(v)::bit(8)) bit_hamming_ops);

CREATE TABLE part (a int, b int, c text) PARTITION BY RANGE (a);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (250); CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (250) TO (500);
CREATE TABLE part3 PARTITION OF part FOR VALUES FROM (500) TO (750); CREATE TABLE part4 PARTITION OF part DEFAULT;
INSERT INTO part SELECT i % 1000, i, md5(i::text) FROM generate_series(1, 3000) AS i; CREATE INDEX part_a ON part (a); CREATE INDEX part_b ON part (b);
CREATE TABLE listed (a int, b int, c text) PARTITION BY RANGE (a);
CREATE TABLE listed1 PARTITION OF listed FOR VALUES FROM (0) TO (250); CREATE TABLE listed2 PARTITION OF listed FOR VALUES FROM (250) TO (500);
CREATE TABLE listed3 PARTITION OF listed FOR VALUES FROM (500) TO (750); CREATE TABLE listed4 PARTITION OF listed DEFAULT;
INSERT INTO listed SELECT i % 800, i % 50, md5((i % 90)::text) FROM generate_series(1, 1600) AS i;
CREATE TABLE hashed (a int, b text) PARTITION BY HASH (a);
CREATE TABLE hashed0 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 0); CREATE TABLE hashed1 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE hashed2 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 2); INSERT INTO hashed SELECT i, md5(i::text) FROM generate_series(1, 900) AS i;

CREATE TABLE empty (a int PRIMARY KEY, b text);
CREATE VIEW grouped AS SELECT hundred, count(*) AS n, avg(real) AS mean FROM onek GROUP BY hundred;
CREATE FUNCTION series(n int) RETURNS SETOF int LANGUAGE sql IMMUTABLE ROWS 17 COST 3 AS 'SELECT g FROM generate_series(1, n) AS g';
CREATE FUNCTION costly(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE COST 1234 AS 'BEGIN RETURN n + 1; END';
CREATE TABLE parent (id int PRIMARY KEY, name text); CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, n float8);
INSERT INTO parent SELECT i, 'p' || i FROM generate_series(1, 300) AS i; INSERT INTO child SELECT i, 1 + i % 300, exp(-i / 100.0) FROM generate_series(1, 4000) AS i;
CREATE INDEX child_parent ON child (parent);
CREATE TABLE float AS SELECT row_number() OVER () AS n, x FROM unnest('{0,-0,1,-1,0.5,1.5,2.5,-2.5,3.7,1e-5,-1e-7,1e15,1e22,1.7976931348623157e308,2.2250738585072014e-308,5e-324,NaN,Infinity,-Infinity,0.1,0.3,123456.789,-98765.4321,3.141592653589793,2.718281828459045,709.78,-745.13,1e-300,4503599627370497.5}'::float8[]) AS x;

VACUUM (ANALYZE)
