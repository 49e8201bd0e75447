-- A database with something of everything that PostgreSQL stores, for tests that carry it from one place to another.
-- pglite_test.contentSums and its like say whether it arrived.

-- Extensions. pg_trgm is not among them: PGlite traps when it is loaded beside cube.
CREATE EXTENSION amcheck;
CREATE EXTENSION bloom;
CREATE EXTENSION btree_gin;
CREATE EXTENSION btree_gist;
CREATE EXTENSION citext;
CREATE EXTENSION cube;
CREATE EXTENSION hstore;
CREATE EXTENSION intarray;
CREATE EXTENSION isn;
CREATE EXTENSION ltree;
CREATE EXTENSION pgcrypto;
CREATE EXTENSION seg;
CREATE EXTENSION "uuid-ossp";
CREATE EXTENSION vector;

-- A table for each type, with a column of it and one of its arrays.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy');
CREATE TYPE pair AS (a int, b text);
CREATE TYPE nested AS (p pair, ps pair[], r int4range);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);

CREATE TABLE sample (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, type text NOT NULL, value text);
INSERT INTO sample (type, value)
SELECT type, unnest(list::text[]) FROM (VALUES
	('bool', '{t,f,NULL}'), ('int2', '{-32768,0,32767}'), ('int4', '{-2147483648,2147483647}'),
	('int8', '{-9223372036854775808,9007199254740993,9223372036854775807}'), ('oid', '{0,4294967295}'),
	('float4', '{-0,1e-45,3.4028235e+38,Infinity,NaN}'), ('float8', '{5e-324,0.30000000000000004,-Infinity,NaN}'),
	('numeric', '{NaN,-Infinity,0.00,-12345678901234567890.123456789012345678901234567890}'), ('numeric(3,-2)', '{12345}'),
	('money', '{-1234567.89,92233720368547758.07}'), ('bit', '{1,0}'), ('bit(5)', '{10101}'), ('bit varying(70)', '{1,10101010101}'),
	('text', '{"","line\nbreak\ttab","ünïcödé 漢字 🐘"}'), ('varchar(5)', '{äöüßé}'), ('character(4)', '{ab,äöüß}'),
	('"char"', '{x,~}'), ('name', '{pg_class,"with space"}'), ('bytea', '{"\\x","\\x00010203ff"}'),
	('uuid', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'), ('date', '{"4713-01-01 BC",5874897-12-31,infinity,2024-02-29}'),
	('time', '{24:00:00,23:59:59.999999}'), ('timetz', '{00:00:00+15:59:59,24:00:00-15:30}'),
	('timestamp', '{"4713-01-01 00:00:00 BC","294276-12-31 23:59:59.999999",-infinity}'),
	('timestamptz', '{"2024-02-29 12:34:56.789012+00",infinity}'), ('interval', '{"-1 years -2 mons +3 days -04:05:06",178000000 years}'),
	('inet', '{192.168.1.5/24,2001:db8::ff00:42:8329/64}'), ('cidr', '{10.0.0.0/8,::/0}'),
	('macaddr', '{08:00:2b:01:02:03}'), ('macaddr8', '{08:00:2b:01:02:03:04:05}'),
	('json', '{"{\"a\":1, \"a\" : [true,null] }"," [ ] "}'), ('jsonb', '{"null","{\"b\": {\"c\": [1.50, \"x\"]}}"}'),
	('jsonpath', '{"$.a[*] ? (@.b > 1)"}'), ('xml', '{"<a b=\"c\">d<e/></a>"}'),
	('tsvector', '{"''a'':1A ''b'':2,3C"}'), ('tsquery', '{"fat & (rat | cat)"}'),
	('point', '{"(1.5,-2)","(Infinity,NaN)"}'), ('line', '{"{1,-1,0}"}'), ('lseg', '{"[(1,2),(3,4)]"}'), ('box', '{"(3,4),(1,2)"}'),
	('path', '{"[(1,2),(3,4),(5,6)]","((1,2),(3,4))"}'), ('polygon', '{"((0,0),(1,0),(1,1))"}'), ('circle', '{"<(1,2),3>"}'),
	('int4range', '{empty,"[1,6)","(,)"}'), ('int8range', '{"[9007199254740993,9223372036854775807)"}'), ('numrange', '{"(-Infinity,NaN)"}'),
	('tsrange', '{"[\"2024-01-01 00:00:00\",infinity)"}'), ('tstzrange', '{"[2024-01-01 00:00:00+00,)"}'), ('daterange', '{"[2024-01-01,2024-02-01)"}'),
	('int4multirange', '{"{}","{[1,5),[8,10)}"}'), ('int8multirange', '{"{[1,2)}"}'), ('nummultirange', '{"{(,1.5],[2,)}"}'),
	('tsmultirange', '{"{[2024-01-01,2024-01-02)}"}'), ('tstzmultirange', '{"{[2024-01-01 00:00:00+00,)}"}'),
	('datemultirange', '{"{[2024-01-01,2024-02-01)}"}'), ('floatrange', '{"[1.5,2.5)"}'), ('floatmultirange', '{"{[1.5,2.5),[3,4]}"}'),
	('int2vector', '{1 2 3}'), ('oidvector', '{1 4294967295}'), ('pg_lsn', '{16/B374D848}'),
	('regclass', '{pg_class}'), ('regtype', '{timestamp with time zone}'), ('regproc', '{now}'), ('regprocedure', '{lower(text)}'),
	('regoper', '{||/}'), ('regoperator', '{"+(integer,integer)"}'), ('regnamespace', '{pg_catalog}'), ('regrole', '{pg_read_all_data}'),
	('regcollation', '{"\"C\""}'), ('regconfig', '{english}'), ('regdictionary', '{simple}'),
	('xid', '{3,4294967295}'), ('xid8', '{18446744073709551615}'), ('cid', '{0}'), ('tid', '{"(4294967294,65535)"}'),
	('pg_snapshot', '{"10:20:10,14,15"}'), ('txid_snapshot', '{"10:20:10,14,15"}'), ('refcursor', '{a cursor}'),
	('aclitem', '{=r/pg_monitor}'),
	('mood', '{sad,"very happy"}'), ('pair', '{"(1,x)","(,)"}'), ('nested', '{"(\"(1,x)\",\"{\"\"(2,y)\"\",NULL}\",\"[1,6)\")"}'), ('positive', '{5}'),
	('vector', '{"[1,2.5,-3]"}'), ('vector(3)', '{"[1e-20,0,1e20]"}'), ('halfvec', '{"[1,0.5]"}'), ('sparsevec', '{"{1:1,5:-2}/10"}'),
	('hstore', '{"a=>1, \"b c\"=>NULL"}'), ('citext', '{MiXeD}'), ('cube', '{"(1, 2),(3, 4)"}'), ('seg', '{"1.5 .. 2.50",<5}'),
	('ltree', '{Top.Science.Astronomy}'), ('lquery', '{"*.Astro*@"}'), ('ltxtquery', '{"Europe & !Asia"}'), ('query_int', '{"1&(2|3)"}'),
	('isbn', '{0-393-04002-X}'), ('isbn13', '{978-0-393-04002-9}'), ('ismn', '{M-060-11561-5}'), ('ismn13', '{979-0-060-11561-5}'),
	('issn', '{1436-4522}'), ('issn13', '{977-1436-452-00-8}'), ('upc', '{220356483481}'), ('ean13', '{978-0-901690-54-8}')
) AS v(type, list);

DO $$
DECLARE s record;
BEGIN
	FOR s IN SELECT type, min(id) AS id FROM sample GROUP BY type ORDER BY 2 LOOP
		EXECUTE format('CREATE TABLE typed_%s (id int PRIMARY KEY, v %s, a %s[])', s.id, s.type, s.type);
		EXECUTE format('INSERT INTO typed_%s SELECT id, value::%s, ARRAY[value::%s, NULL] FROM sample WHERE type = %L', s.id, s.type, s.type, s.type);
	END LOOP;
END $$;

-- Rows of all sizes: inline, compressed, out of line.
CREATE TABLE sizes (
	n int PRIMARY KEY, plain text STORAGE plain, compressed text STORAGE extended, outside text STORAGE external, double int GENERATED ALWAYS AS (n * 2) STORED
);
INSERT INTO sizes (n, plain, compressed, outside)
SELECT n, repeat('p', n % 7000), repeat('abc', n), (SELECT string_agg(md5(n || '-' || i), '') FROM generate_series(0, n / 32) i)
FROM (VALUES (0), (1), (2000), (8000), (8192), (100000), (1000003)) AS v(n);
DELETE FROM sizes WHERE n = 8000;
UPDATE sizes SET outside = outside || 'x' WHERE n = 8192;

-- Every kind of index.
CREATE TABLE indexed (
	id bigserial PRIMARY KEY, word citext COLLATE "C", doc jsonb, tags text[], body tsvector, at point, span int4range,
	network inet, happened date, embedding vector(8), labels ltree, box cube
);
INSERT INTO indexed (word, doc, tags, body, at, span, network, happened, embedding, labels, box)
SELECT md5(g::text), jsonb_build_object('n', g, 'odd', g % 2 = 1), ARRAY['t' || g % 10, 'u' || g % 7], to_tsvector('english', 'word ' || g || ' runs'),
	point(g % 100, g / 100), int4range(g, g + 10), '10.0.0.0'::inet + g, date '2020-01-01' + g,
	(SELECT array_agg(sin(g * i)) FROM generate_series(1, 8) i)::vector, ('top.n' || g % 5)::ltree, cube(ARRAY[g % 10, g % 3])
FROM generate_series(1, 3000) g;
CREATE INDEX ON indexed (word);
CREATE UNIQUE INDEX ON indexed (lower(word::text) DESC) INCLUDE (happened) WHERE id % 2 = 0;
CREATE INDEX ON indexed USING hash (word);
CREATE INDEX ON indexed USING gin (doc jsonb_path_ops);
CREATE INDEX ON indexed USING gin (tags, body);
CREATE INDEX ON indexed USING gist (at);
CREATE INDEX ON indexed USING gist (span, happened);
CREATE INDEX ON indexed USING gist (labels);
CREATE INDEX ON indexed USING gist (box);
CREATE INDEX ON indexed USING spgist (network);
CREATE INDEX ON indexed USING brin (happened);
CREATE INDEX ON indexed USING bloom ((id::int), (word::text));
CREATE INDEX ON indexed USING hnsw (embedding vector_l2_ops);
CREATE INDEX ON indexed USING ivfflat (embedding vector_cosine_ops) WITH (lists = 10);
CREATE STATISTICS indexed_stats (ndistinct, dependencies, mcv) ON word, happened FROM indexed;

-- Partitions, in three ways and two levels; inheritance.
CREATE TABLE event (id int, happened date NOT NULL, kind text, PRIMARY KEY (id, happened, kind)) PARTITION BY RANGE (happened);
CREATE TABLE event_2023 PARTITION OF event FOR VALUES FROM ('2023-01-01') TO ('2024-01-01') PARTITION BY LIST (kind);
CREATE TABLE event_2023_a PARTITION OF event_2023 FOR VALUES IN ('a');
CREATE TABLE event_2023_rest PARTITION OF event_2023 DEFAULT PARTITION BY HASH (id);
CREATE TABLE event_2023_rest_0 PARTITION OF event_2023_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE event_2023_rest_1 PARTITION OF event_2023_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
CREATE INDEX ON event (kind);
INSERT INTO event SELECT g, date '2023-01-01' + g % 700, chr(97 + g % 4) FROM generate_series(1, 2000) g;
CREATE TABLE city (name text PRIMARY KEY, people bigint);
CREATE TABLE capital (country text) INHERITS (city);
INSERT INTO city VALUES ('Kyoto', 1400000);
INSERT INTO capital VALUES ('Reykjavík', 140000, 'Iceland');

-- Constraints, triggers, functions, views, rules, policies, sequences, other schemas, comments.
CREATE SCHEMA "odd name";
CREATE SEQUENCE "odd name".counter START 100 INCREMENT -3 MINVALUE -1000 MAXVALUE 100 CYCLE CACHE 5;
SELECT nextval('"odd name".counter'), nextval('"odd name".counter');
CREATE TABLE "odd name"."Tablé" (
	"Key" uuid PRIMARY KEY DEFAULT gen_random_uuid(), parent uuid REFERENCES "odd name"."Tablé" ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	v int UNIQUE CHECK (v > 0) NO INHERIT, during tstzrange, EXCLUDE USING gist (v WITH =, during WITH &&)
);
INSERT INTO "odd name"."Tablé" (v, during) SELECT g, tstzrange('2024-01-01', NULL) FROM generate_series(1, 50) g;
COMMENT ON TABLE "odd name"."Tablé" IS 'kept: ✓';
CREATE TABLE audit (at timestamptz DEFAULT '2024-01-01', what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit (what) VALUES (TG_OP || ' ' || TG_TABLE_NAME); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER INSERT OR DELETE ON city FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO city VALUES ('Oslo', 700000);
CREATE VIEW big_city WITH (security_barrier) AS SELECT name FROM city WHERE people > 500000;
CREATE MATERIALIZED VIEW city_count AS SELECT count(*) AS n, sum(people) AS people FROM city;
CREATE UNIQUE INDEX ON city_count (n);
CREATE RULE no_delete AS ON DELETE TO audit DO INSTEAD NOTHING;
CREATE FUNCTION area(pair) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT ($1).a * length(($1).b); END;
CREATE PROCEDURE add_city(text) LANGUAGE sql AS $$ INSERT INTO city VALUES ($1, 1) $$;
CREATE AGGREGATE product(int) (SFUNC = int4mul, STYPE = int, INITCOND = '1');
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);
CREATE COLLATION german (provider = icu, locale = 'und');
CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);
ALTER TABLE city ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON city USING (true);
CREATE TABLE empty (a int, b text);
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE altered (a int, dropped text, c text DEFAULT 'old');
INSERT INTO altered SELECT g, 'gone', 'kept' FROM generate_series(1, 100) g;
ALTER TABLE altered DROP COLUMN dropped, ADD COLUMN d numeric NOT NULL DEFAULT 1.5, ALTER COLUMN a TYPE bigint;
DELETE FROM altered WHERE a % 3 = 0;

-- Roles and privileges.
CREATE ROLE clerk LOGIN PASSWORD 'secret' CONNECTION LIMIT 5;
CREATE ROLE boss IN ROLE clerk;
GRANT SELECT (name), INSERT ON city TO clerk;
ALTER DEFAULT PRIVILEGES IN SCHEMA "odd name" GRANT SELECT ON TABLES TO boss;
ALTER ROLE clerk SET work_mem = '6MB';

-- Large objects.
SELECT lo_from_bytea(70001, 'small'), lo_from_bytea(70002, convert_to(repeat('0123456789', 100000), 'UTF8'));
SELECT lo_put(70003, 5000000, 'after a hole') FROM lo_create(70003);
COMMENT ON LARGE OBJECT 70002 IS 'a megabyte';
GRANT SELECT ON LARGE OBJECT 70001 TO clerk;

-- What does not survive a crash.
CREATE UNLOGGED TABLE unlogged (a int PRIMARY KEY);
INSERT INTO unlogged VALUES (1);

-- pgbench's tables at scale 1, as pgbench -i --init-steps=dtGvpf makes them.
CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
CREATE TABLE pgbench_tellers (tid int NOT NULL, bid int, tbalance int, filler char(84)) WITH (fillfactor = 100);
CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);
CREATE TABLE pgbench_branches (bid int NOT NULL, bbalance int, filler char(88)) WITH (fillfactor = 100);
INSERT INTO pgbench_branches (bid, bbalance) SELECT bid, 0 FROM generate_series(1, 1) bid;
INSERT INTO pgbench_tellers (tid, bid, tbalance) SELECT tid, (tid - 1) / 10 + 1, 0 FROM generate_series(1, 10) tid;
INSERT INTO pgbench_accounts (aid, bid, abalance, filler) SELECT aid, (aid - 1) / 100000 + 1, 0, '' FROM generate_series(1, 100000) aid;
ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid);
ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid);
ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);
ALTER TABLE pgbench_tellers ADD FOREIGN KEY (bid) REFERENCES pgbench_branches;
ALTER TABLE pgbench_accounts ADD FOREIGN KEY (bid) REFERENCES pgbench_branches;
ALTER TABLE pgbench_history ADD FOREIGN KEY (bid) REFERENCES pgbench_branches, ADD FOREIGN KEY (tid) REFERENCES pgbench_tellers,
	ADD FOREIGN KEY (aid) REFERENCES pgbench_accounts;
