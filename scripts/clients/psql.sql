\set QUIET on
\pset border 2
CREATE TABLE fruit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, price numeric(6,2) CHECK (price > 0));
\copy fruit (name, price) FROM stdin
apple	0.50
pear, ripe	0.75
Birne ä	1.00
\.
SELECT * FROM fruit ORDER BY id;
\d fruit
CREATE VIEW cheap AS SELECT name FROM fruit WHERE price < 1;
\dv
\df pg_catalog.pg_sleep
\dT+ numeric
BEGIN;
DELETE FROM fruit;
ROLLBACK;
SELECT count(*) FROM fruit \gset
\echo :count rows
\copy (SELECT name FROM fruit ORDER BY name COLLATE "C") TO pstdout
PREPARE p(int) AS SELECT name FROM fruit WHERE id = $1;
EXECUTE p(2);
\x
SELECT 1 AS a, 'two' AS b;
\x
DO $$ BEGIN RAISE NOTICE 'to standard error'; END $$;
\set ON_ERROR_STOP off
SELECT 1/0;
\set ON_ERROR_STOP on
SELECT 'alive' AS still;
LISTEN news;
NOTIFY news, 'hello';
\lo_import /dev/null
SELECT count(*) FROM pg_largeobject_metadata;
DROP TABLE fruit CASCADE;
