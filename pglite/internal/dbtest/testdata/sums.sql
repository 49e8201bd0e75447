-- What the tables, large objects and definitions of a database add up to: the last statement returns one text.
CREATE FUNCTION pg_temp.sums() RETURNS TABLE (name text, rows bigint, sum text) LANGUAGE plpgsql AS $$
DECLARE
	t text;
BEGIN
	FOR t IN
		SELECT oid::regclass FROM pg_class
		WHERE relkind IN ('r', 'm') AND relpersistence = 'p' AND (relnamespace = 'public'::regnamespace OR relnamespace >= 16384)
		ORDER BY 1
	LOOP
		RETURN QUERY EXECUTE format(
			'SELECT %L, count(*), md5(string_agg(md5(x::text), '''' ORDER BY md5(x::text))) FROM ONLY %s x', t, t);
	END LOOP;
	RETURN QUERY SELECT 'large objects', count(*), md5(string_agg(concat(oid, lomowner, lomacl, md5(lo_get(oid))), '' ORDER BY oid))
		FROM pg_largeobject_metadata;
	RETURN QUERY SELECT 'definitions', count(*), md5(string_agg(d, '' ORDER BY d COLLATE "C")) FROM (
		SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
		UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid >= 16384
		UNION ALL SELECT conrelid::regclass || pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384
		UNION ALL SELECT pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384
		UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
		UNION ALL SELECT concat(oid, extname, extversion) FROM pg_extension
		UNION ALL SELECT concat(attrelid::regclass, attname, atttypid::regtype, atttypmod, attnotnull, attisdropped) FROM pg_attribute WHERE attrelid >= 16384
		UNION ALL SELECT concat(rolname, rolcanlogin, rolconnlimit, rolpassword) FROM pg_authid
		UNION ALL SELECT concat(setrole, setdatabase, setconfig) FROM pg_db_role_setting
		UNION ALL SELECT concat(objoid, description) FROM pg_description WHERE objoid >= 16384
		UNION ALL SELECT concat(relname, relacl) FROM pg_class WHERE oid >= 16384
	) AS definitions(d);
END $$;
SELECT jsonb_object_agg(name, concat(rows, ' ', sum))::text FROM pg_temp.sums();
