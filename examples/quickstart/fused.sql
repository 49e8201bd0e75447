-- $1 is the question, $2 its embedding, $3 how many answers. Reciprocal rank fusion: each of the two searches gives its
-- best 40, which is how many an HNSW index gives by default (hnsw.ef_search), and an answer counts 1/(60 + its rank) for
-- each search that found it. Ranks can be added where scores of different kinds cannot.
WITH by_words AS (
    SELECT d.id, row_number() OVER (ORDER BY ts_rank(d.search, question, 1) DESC, d.id) AS rank
    FROM quickstart.declaration AS d,
         CAST(replace(plainto_tsquery('english', $1)::text, ' & ', ' | ') AS tsquery) AS question
    WHERE d.search @@ question
    ORDER BY rank
    LIMIT 40
), by_vector AS (
    SELECT near.id, row_number() OVER (ORDER BY near.distance) AS rank
    FROM (
        SELECT d.id, d.embedding <=> $2 AS distance
        FROM quickstart.declaration AS d
        ORDER BY distance
        LIMIT 40
    ) AS near
)
SELECT d.package, d.symbol, d.doc
FROM by_words FULL JOIN by_vector USING (id) JOIN quickstart.declaration AS d USING (id)
ORDER BY coalesce(1.0 / (60 + by_words.rank), 0) + coalesce(1.0 / (60 + by_vector.rank), 0) DESC, id
LIMIT $3;
