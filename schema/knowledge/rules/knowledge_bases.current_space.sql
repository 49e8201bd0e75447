-- Each base has a current space, which its searches use.
SELECT base_id, 'has none'
FROM knowledge_bases AS b
WHERE NOT EXISTS (SELECT FROM knowledge_spaces AS s WHERE s.base_id = b.base_id AND s.is_current)
