-- A database with one of everything that PostgreSQL 15 and later can dump, the
-- odd names and values included. Roles and databases are not in it but for
-- those that its objects belong to.

CREATE ROLE rich_owner;
CREATE ROLE "Rich ""Reader""";

COMMENT ON SCHEMA public IS 'the usual place';
CREATE SCHEMA app AUTHORIZATION rich_owner;
CREATE SCHEMA "odd; name -- 'it''s' $$ \ ü";
COMMENT ON SCHEMA "odd; name -- 'it''s' $$ \ ü" IS $c$a comment
on two lines; with -- dashes, /* stars */ and \. a backslash$c$;

CREATE EXTENSION pg_trgm WITH SCHEMA app;
CREATE EXTENSION hstore;
COMMENT ON EXTENSION hstore IS 'pairs';

-- Types.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s', 'ü;');
CREATE TYPE pair AS (a integer, b text COLLATE "C");
CREATE TYPE floatrange AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = floatranges);
CREATE DOMAIN positive AS integer DEFAULT 1 NOT NULL CHECK (VALUE > 0) CONSTRAINT small CHECK (VALUE < 1000000000);
CREATE DOMAIN pairs AS pair[];
COMMENT ON TYPE mood IS 'how it is';
COMMENT ON CONSTRAINT small ON DOMAIN positive IS 'not too large';
CREATE TYPE shell;
CREATE COLLATION "deutsch;" (PROVIDER = icu, LOCALE = 'und', DETERMINISTIC = false);

-- Functions, with bodies of all kinds.
CREATE FUNCTION add(a integer, b integer DEFAULT 1, VARIADIC c integer[] DEFAULT '{}') RETURNS integer
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 AS $$ SELECT $1 + $2; -- ; ' " $x$ $$;
CREATE FUNCTION sum_to(n integer) RETURNS TABLE (i integer, total bigint)
	LANGUAGE plpgsql AS $_$
BEGIN
	/* "$body$" ; */
	FOR i, total IN SELECT g, sum(g) OVER (ORDER BY g) FROM generate_series(1, n) g LOOP
		RETURN NEXT;
	END LOOP;
	RAISE NOTICE $n$it's; done$n$;
END
$_$;
CREATE FUNCTION atomic(x integer) RETURNS text LANGUAGE sql
BEGIN ATOMIC
	SELECT 1;
	SELECT CASE WHEN x > 0 THEN CASE x WHEN 1 THEN 'one' ELSE ';' END ELSE 'begin' END AS "end";
END;
CREATE FUNCTION returned(x integer) RETURNS integer LANGUAGE sql RETURN CASE WHEN x = 1 THEN 2 END + 1;
CREATE PROCEDURE "do; it"(INOUT x integer) LANGUAGE sql SECURITY DEFINER SET search_path = app, pg_temp SET work_mem = '8MB'
BEGIN ATOMIC
	SELECT x + 1;
END;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := ''2001-02-03 04:05:06+00''; RETURN NEW; END';
CREATE FUNCTION noticed() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM tg_tag; END';
CREATE AGGREGATE longest(text) (SFUNC = textcat, STYPE = text, INITCOND = ';');
CREATE FUNCTION same(mood, mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (LEFTARG = mood, RIGHTARG = mood, FUNCTION = same, COMMUTATOR = ===);
CREATE FUNCTION to_pair(integer) RETURNS pair LANGUAGE sql AS 'SELECT ($1, ''x'')::pair';
CREATE CAST (integer AS pair) WITH FUNCTION to_pair(integer) AS ASSIGNMENT;
CREATE OPERATOR FAMILY oddly USING btree;
CREATE OPERATOR CLASS backwards FOR TYPE integer USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(int4, int4);
COMMENT ON FUNCTION atomic(integer) IS 'it''s atomic';

-- Tables.
CREATE SEQUENCE app.numbers AS smallint START 7 INCREMENT -2 MINVALUE -100 MAXVALUE 100 CACHE 5 CYCLE;
SELECT nextval('app.numbers'), nextval('app.numbers');

CREATE TABLE every_type (
	id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY,
	c_bool boolean, c_int2 smallint, c_int4 integer, c_int8 bigint, c_float4 real, c_float8 double precision,
	c_numeric numeric(40,10), c_money money, c_text text, c_varchar varchar(20), c_char char(5), c_name name, c_bytea bytea,
	c_date date, c_time time(3), c_timetz timetz, c_timestamp timestamp, c_timestamptz timestamptz, c_interval interval day to second,
	c_uuid uuid, c_json json, c_jsonb jsonb, c_xml xml, c_inet inet, c_cidr cidr, c_macaddr macaddr, c_macaddr8 macaddr8,
	c_bit bit(3), c_varbit bit varying, c_point point, c_line line, c_lseg lseg, c_box box, c_path path, c_polygon polygon, c_circle circle,
	c_tsvector tsvector, c_tsquery tsquery, c_int4range int4range, c_nummultirange nummultirange, c_floatrange floatrange,
	c_mood mood DEFAULT 'ok', c_pair pair, c_positive positive, c_pairs pairs, c_moods mood[], c_hstore hstore,
	c_oid oid, c_regclass regclass, c_lsn pg_lsn, c_snapshot pg_snapshot, c_xid8 xid8, c_jsonpath jsonpath,
	c_texts text[][], c_ranges floatranges,
	c_length integer GENERATED ALWAYS AS (length(c_text)) STORED,
	changed timestamptz DEFAULT now()
);
INSERT INTO every_type (c_bool, c_positive, changed) VALUES (NULL, 5, 'infinity');
INSERT INTO every_type VALUES (DEFAULT,
	true, -32768, 2147483647, -9223372036854775808, 1.5e-30, 'NaN', 123456789012345678901234567890.0123456789, -12.34,
	E'tab\there, newline\nreturn\rbackslash\\ \\. quote'' "double" ü 漢字 🐮 \x01\x7f', 'varchar', 'ab', 'Name', '\x00ff5c2e0a',
	'0044-03-15 BC', '23:59:59.999', '12:00:00+05:30', '-infinity', '2024-02-29 12:34:56.789012+02', '1 day 02:03:04.5',
	'123e4567-e89b-12d3-a456-426614174000', '{"a":  1, "b": "\u0001\\"}', '{"k": [1, null, {"x": "ü\n"}]}', '<a>&lt;;</a>',
	'::ffff:1.2.3.4/96', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
	B'101', B'1100110', '(1,2)', '{1,-1,0}', '[(0,0),(1,1)]', '(1,1),(0,0)', '((0,0),(1,1),(2,0))', '((0,0),(1,1),(2,0))', '<(0,0),5>',
	'''it''''s'':1 fat:2A', 'fat & !''r;at''', '[1,5)', '{[1,2),(3,]}', '[1.5,2.5]',
	'ü;', '(7,"a "" b, (c)")', 7, ARRAY['(1,x)', NULL]::pair[], '{sad,"it''s"}', 'a=>1, "b;"=>NULL',
	1247, 'pg_class', '16/B374D848', '10:20:10,14', '9999999999', '$.a[*] ? (@ > 1)',
	'{{a,"b \" c"},{NULL,"NULL"}}', '{[1,2],(3,4)}', DEFAULT, '2020-01-01 00:00:00+00');

CREATE TABLE "Weird "" Name; \" (
	"select" text NOT NULL, "a b" text DEFAULT 'x;''y' COLLATE "C", "ü漢🐮" integer, "$1" text, "drop" text,
	CONSTRAINT "check; 'it'" CHECK ("select" <> ';' AND "a b" ~ '^\w*'),
	CONSTRAINT "key -- ;" UNIQUE NULLS NOT DISTINCT ("select", "a b")
);
ALTER TABLE "Weird "" Name; \" DROP COLUMN "drop";
ALTER TABLE "Weird "" Name; \" ALTER COLUMN "$1" SET STORAGE EXTERNAL, ALTER COLUMN "$1" SET STATISTICS 7, ALTER COLUMN "ü漢🐮" SET (n_distinct = 5);
INSERT INTO "Weird "" Name; \" VALUES ('\.', '', 1, E'\\.\n\\.'), ('\N', NULL, 2, NULL), ('', E'\\', NULL, E'\t');
COMMENT ON TABLE "Weird "" Name; \" IS 'it''s; weird';
COMMENT ON COLUMN "Weird "" Name; \"."a b" IS E'tab\t';

CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE app.parent (id serial PRIMARY KEY, name text DEFAULT 'parent', options jsonb) WITH (fillfactor = 70, autovacuum_enabled = false);
CREATE TABLE app.child (extra integer CHECK (extra > 0), name text DEFAULT 'child') INHERITS (app.parent);
INSERT INTO app.parent (name) VALUES ('p');
INSERT INTO app.child (name, extra) VALUES ('c', 1);
CREATE UNLOGGED TABLE fleeting (a integer);
CREATE TABLE typed OF pair (PRIMARY KEY (a));
INSERT INTO typed VALUES (1, 'one');

CREATE TABLE measure (city integer NOT NULL, day date NOT NULL, peak integer, PRIMARY KEY (city, day)) PARTITION BY RANGE (day);
CREATE TABLE measure_2023 PARTITION OF measure FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE measure_2024 PARTITION OF measure FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (city);
CREATE TABLE measure_2024_1 PARTITION OF measure_2024 FOR VALUES IN (1, 2);
CREATE TABLE measure_2024_rest PARTITION OF measure_2024 DEFAULT;
CREATE TABLE hashed (k text) PARTITION BY HASH (k);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX measure_peak ON measure (peak DESC NULLS LAST) INCLUDE (city);
INSERT INTO measure SELECT c, d, c * 10 FROM generate_series(1, 3) c, generate_series('2023-12-30'::date, '2024-01-03', '1 day') d;
INSERT INTO hashed SELECT 'k' || i FROM generate_series(1, 20) i;

CREATE TABLE orders (
	id integer GENERATED BY DEFAULT AS IDENTITY,
	parent integer, city integer, day date, during tsrange DEFAULT 'empty',
	weird text, "a b" text,
	PRIMARY KEY (id),
	FOREIGN KEY (parent) REFERENCES orders ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT measured FOREIGN KEY (city, day) REFERENCES measure MATCH FULL ON UPDATE CASCADE,
	EXCLUDE USING gist (during WITH &&) WHERE (NOT isempty(during))
);
INSERT INTO orders (id, parent, city, day, during) VALUES (1, NULL, 1, '2024-01-01', '[2024-01-01,2024-01-02)'), (2, 1, NULL, NULL, 'empty');
ALTER TABLE orders ADD CONSTRAINT late CHECK (id > 0) NO INHERIT NOT VALID;
ALTER TABLE orders CLUSTER ON orders_pkey;
ALTER TABLE orders REPLICA IDENTITY FULL;

CREATE TABLE circular_a (id integer PRIMARY KEY, b integer);
CREATE TABLE circular_b (id integer PRIMARY KEY, a integer REFERENCES circular_a);
ALTER TABLE circular_a ADD FOREIGN KEY (b) REFERENCES circular_b;
INSERT INTO circular_a VALUES (1, NULL);
INSERT INTO circular_b VALUES (1, 1);
UPDATE circular_a SET b = 1;

-- Indexes and statistics.
CREATE UNIQUE INDEX "weird; index" ON "Weird "" Name; \" (lower("a b") text_pattern_ops, ("select" || ';')) WHERE "a b" <> ';';
CREATE INDEX trgm ON every_type USING gin (c_text app.gin_trgm_ops);
CREATE INDEX opts ON every_type USING hash (c_int4) WITH (fillfactor = 50);
ALTER INDEX "weird; index" ALTER COLUMN 2 SET STATISTICS 100;
CREATE STATISTICS app.stat (ndistinct, mcv) ON city, day FROM measure;
CREATE STATISTICS stat_expr ON (length(c_text)), c_int4 FROM every_type;
ALTER STATISTICS stat_expr SET STATISTICS 50;
COMMENT ON INDEX trgm IS 'three at a time';

-- Views, rules, triggers, policies.
CREATE VIEW "view; it" WITH (security_barrier, check_option = local) AS
	SELECT "select" AS "end", CASE WHEN "a b" = ';' THEN E'\\;' ELSE $q$'$q$ END AS c FROM "Weird "" Name; \" WHERE "select" <> ';';
CREATE VIEW circular AS SELECT id, NULL::text AS name FROM orders;
CREATE MATERIALIZED VIEW summary AS SELECT city, max(peak) AS peak FROM measure GROUP BY city;
CREATE MATERIALIZED VIEW of_summary AS SELECT * FROM summary WITH NO DATA;
CREATE UNIQUE INDEX ON summary (city);
CREATE RECURSIVE VIEW counted (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < 5;
CREATE RULE protect AS ON DELETE TO typed DO INSTEAD (SELECT 1; SELECT ';');
CREATE RULE view_insert AS ON INSERT TO circular DO INSTEAD NOTHING;
CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF c_text ON every_type FOR EACH ROW WHEN (NEW.c_text <> ';') EXECUTE FUNCTION touch('it''s; an argument');
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE orders DISABLE TRIGGER later;
CREATE EVENT TRIGGER noted ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION noticed();
ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own; only" ON orders AS RESTRICTIVE FOR UPDATE TO rich_owner, "Rich ""Reader""" USING (id > 1) WITH CHECK (weird <> ';');
COMMENT ON TRIGGER touched ON every_type IS 'touches';

-- Full-text search.
CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple, STOPWORDS = english, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION app.fts (COPY = english);
ALTER TEXT SEARCH CONFIGURATION app.fts ALTER MAPPING FOR asciiword, word WITH plain, simple;
CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize, INIT = dsimple_init);
CREATE TEXT SEARCH PARSER prs (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);

-- Foreign data, publications, access methods.
CREATE FOREIGN DATA WRAPPER wrapper OPTIONS (debug 'it''s');
CREATE SERVER server TYPE 't' VERSION '1;' FOREIGN DATA WRAPPER wrapper OPTIONS (host 'x;y');
CREATE USER MAPPING FOR rich_owner SERVER server OPTIONS (password 'p''w');
CREATE FOREIGN TABLE far (a integer OPTIONS (name 'b;') NOT NULL, b text) SERVER server OPTIONS (t 'x');
CREATE PUBLICATION pub FOR TABLE orders (id, parent) WHERE (id > 5), TABLE app.parent (id, name) WITH (publish = 'insert, truncate');
CREATE PUBLICATION pub_schema FOR TABLES IN SCHEMA app;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE in_heap2 (a integer) USING heap2;
CREATE TRANSFORM FOR hstore LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal));

-- Privileges.
ALTER TABLE measure OWNER TO rich_owner;
ALTER FUNCTION add(integer, integer, integer[]) OWNER TO rich_owner;
ALTER TYPE mood OWNER TO rich_owner;
GRANT SELECT, INSERT (weird, "a b"), UPDATE (id) ON orders TO "Rich ""Reader""" WITH GRANT OPTION;
GRANT SELECT ON measure TO PUBLIC;
GRANT USAGE ON SCHEMA app TO "Rich ""Reader""";
REVOKE EXECUTE ON FUNCTION atomic(integer) FROM PUBLIC;
REVOKE ALL ON TYPE pair FROM PUBLIC;
GRANT USAGE ON SEQUENCE app.numbers TO rich_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE rich_owner IN SCHEMA app GRANT SELECT ON TABLES TO "Rich ""Reader""";
ALTER DEFAULT PRIVILEGES FOR ROLE rich_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Large objects.
SELECT lo_from_bytea(20001, '\x00ff5c270a'), lo_from_bytea(20002, ''), lo_from_bytea(20003, convert_to(repeat('large; ''object''\', 5000), 'UTF8'));
ALTER LARGE OBJECT 20001 OWNER TO rich_owner;
GRANT SELECT ON LARGE OBJECT 20002 TO "Rich ""Reader""";
COMMENT ON LARGE OBJECT 20003 IS 'it''s large;';
