-- $1 is the question's embedding, $2 how many answers. The order by distance alone is what the HNSW index gives.
SELECT d.package, d.symbol, d.doc
FROM quickstart.declaration AS d
ORDER BY d.embedding <=> $1
LIMIT $2;
