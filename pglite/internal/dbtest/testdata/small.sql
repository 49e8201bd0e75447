-- A small database, of which the dumps in testdata/dumps were made by several
-- releases of pg_dump.
CREATE ROLE small_owner;
CREATE TYPE kind AS ENUM ('a', 'b;');
CREATE TABLE item (
	id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind kind DEFAULT 'a',
	name text NOT NULL,
	data bytea,
	"weird; ""name""" text CHECK ("weird; ""name""" <> ';')
);
INSERT INTO item (kind, name, data, "weird; ""name""") VALUES
	('a', E'tab\tnewline\nbackslash\\ ü', '\x00ff', NULL), ('b;', '\.', NULL, '\N'), (NULL, '', '\x', '');
CREATE TABLE part (day date NOT NULL, amount numeric) PARTITION BY RANGE (day);
CREATE TABLE part_2024 PARTITION OF part FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO part VALUES ('2024-05-06', 7.50), ('2024-12-31', NULL);
CREATE FUNCTION f(x integer) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT CASE x WHEN 1 THEN ';' ELSE 'end' END; END;
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.name := NEW.name || '; $x$'; RETURN NEW; END$$;
CREATE TRIGGER t BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION g();
CREATE VIEW named AS SELECT name FROM item WHERE kind = 'b;';
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM item;
CREATE SEQUENCE numbers START 5;
SELECT nextval('numbers');
COMMENT ON TABLE item IS 'it''s; an item';
ALTER TABLE part OWNER TO small_owner;
GRANT SELECT ON item TO small_owner;
SELECT lo_from_bytea(30001, '\x00ff5c'), lo_from_bytea(30002, 'x');
GRANT SELECT ON LARGE OBJECT 30001 TO small_owner;
GRANT SELECT ON LARGE OBJECT 30002 TO small_owner;
