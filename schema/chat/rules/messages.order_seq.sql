-- The messages of a conversation are numbered from 1 on, and only variants share a number.
SELECT msg_id, 'has the number ' || order_seq || CASE WHEN order_seq < 1 THEN '' ELSE ', and so has another' END
FROM (
  SELECT msg_id, order_seq, is_variant, count(*) FILTER (WHERE is_variant = 0) OVER (PARTITION BY conversation_id, order_seq) AS same
  FROM messages
) AS numbered
WHERE order_seq < 1 OR is_variant = 0 AND same > 1
