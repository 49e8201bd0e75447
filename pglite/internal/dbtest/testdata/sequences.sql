-- Where the sequences are: the last statement returns one text.
SELECT coalesce(jsonb_object_agg(schemaname || '.' || sequencename, last_value), '{}')::text FROM pg_sequences;
