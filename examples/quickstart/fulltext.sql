-- $1 is the question, $2 how many answers. Any of the question's words will do; the rank prefers many of them, in names,
-- and short texts.
SELECT d.package, d.symbol, d.doc
FROM quickstart.declaration AS d,
     CAST(replace(plainto_tsquery('english', $1)::text, ' & ', ' | ') AS tsquery) AS question
WHERE d.search @@ question
ORDER BY ts_rank(d.search, question, 1) DESC, d.id
LIMIT $2;
