-- What amcheck finds wrong in the tables and indexes of the database: the last statement returns one text, empty if all
-- is well.
CREATE FUNCTION pg_temp.wrong() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	i record;
BEGIN
	CREATE EXTENSION IF NOT EXISTS amcheck;
	FOR i IN
		SELECT c.oid, a.amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_index x ON x.indexrelid = c.oid
		WHERE relkind = 'i' AND relpersistence <> 't' AND indisvalid AND a.amname IN ('btree', 'gin')
	LOOP
		BEGIN
			IF i.amname = 'gin' THEN
				PERFORM gin_index_check(i.oid);
			ELSE
				PERFORM bt_index_parent_check(i.oid, true, true);
			END IF;
		EXCEPTION WHEN OTHERS THEN
			RETURN NEXT i.oid::regclass || ': ' || SQLERRM;
		END;
	END LOOP;
	RETURN QUERY SELECT format('%s: block %s, line %s: %s', c.oid::regclass, blkno, offnum, msg)
		FROM pg_class c, verify_heapam(c.oid) WHERE relkind IN ('r', 'm', 't', 'S') AND relpersistence <> 't';
END $$;
SELECT coalesce(string_agg(wrong, '; '), '') FROM pg_temp.wrong();
