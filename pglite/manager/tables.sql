-- The tables of the schemas in $1, as one JSON array.
WITH keys AS (
	SELECT con.conname, con.conrelid, con.confrelid,
		jsonb_build_object(
			'constraint_name', con.conname,
			'source_schema', sn.nspname, 'source_table_name', s.relname,
			'source_columns', (SELECT jsonb_agg(a.attname ORDER BY k.n) FROM unnest(con.conkey) WITH ORDINALITY AS k (attnum, n)
				JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.attnum),
			'target_table_schema', tn.nspname, 'target_table_name', t.relname,
			'target_columns', (SELECT jsonb_agg(a.attname ORDER BY k.n) FROM unnest(con.confkey) WITH ORDINALITY AS k (attnum, n)
				JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.attnum)
		) AS relationship
	FROM pg_constraint con
	JOIN pg_class s ON s.oid = con.conrelid JOIN pg_namespace sn ON sn.oid = s.relnamespace
	JOIN pg_class t ON t.oid = con.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
	WHERE con.contype = 'f' AND con.conparentid = 0
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
	'id', c.oid::bigint,
	'schema', n.nspname,
	'name', c.relname,
	'comment', coalesce(obj_description(c.oid, 'pg_class'), ''),
	'rls_enabled', c.relrowsecurity,
	'rls_forced', c.relforcerowsecurity,
	'replica_identity', CASE c.relreplident WHEN 'd' THEN 'DEFAULT' WHEN 'i' THEN 'INDEX' WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END,
	'bytes', coalesce(pg_total_relation_size(c.oid), 0),
	'size', pg_size_pretty(coalesce(pg_total_relation_size(c.oid), 0)),
	'live_rows_estimate', pg_stat_get_live_tuples(c.oid),
	'dead_rows_estimate', pg_stat_get_dead_tuples(c.oid),
	'columns', (
		SELECT coalesce(jsonb_agg(jsonb_build_object(
			'ordinal_position', a.attnum,
			'name', a.attname,
			'data_type', format_type(a.atttypid, a.atttypmod),
			'format', ty.typname,
			'default_value', coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
			'is_nullable', NOT a.attnotnull,
			'identity_generation', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' ELSE '' END,
			'is_generated', a.attgenerated <> '',
			'is_unique', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1
				AND i.indkey[0] = a.attnum AND i.indpred IS NULL),
			'enums', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = ty.oid),
			'check', coalesce((SELECT string_agg(pg_get_expr(k.conbin, k.conrelid), ' AND ' ORDER BY k.conname) FROM pg_constraint k
				WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]), ''),
			'comment', coalesce(col_description(c.oid, a.attnum), '')
		) ORDER BY a.attnum), '[]')
		FROM pg_attribute a
		JOIN pg_type ty ON ty.oid = a.atttypid
		LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	),
	'primary_key', (
		SELECT coalesce(jsonb_agg(a.attname ORDER BY k.n), '[]')
		FROM pg_constraint con, unnest(con.conkey) WITH ORDINALITY AS k (attnum, n), pg_attribute a
		WHERE con.conrelid = c.oid AND con.contype = 'p' AND a.attrelid = c.oid AND a.attnum = k.attnum
	),
	'relationships', (
		SELECT coalesce(jsonb_agg(keys.relationship ORDER BY keys.conrelid = c.oid DESC, keys.conname, keys.conrelid), '[]')
		FROM keys WHERE c.oid IN (keys.conrelid, keys.confrelid)
	),
	'indexes', (
		SELECT coalesce(jsonb_agg(jsonb_build_object(
			'name', ic.relname, 'definition', pg_get_indexdef(i.indexrelid), 'bytes', coalesce(pg_relation_size(i.indexrelid), 0)
		) ORDER BY ic.relname), '[]')
		FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid WHERE i.indrelid = c.oid
	)
) ORDER BY n.nspname, c.relname), '[]')::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY($1)
