-- Each is explained, with all costs, under each of the planner's configurations.

-- Nested Loop with Memoize: wazero issue 2534 made its cost almost nothing.
SELECT * FROM onek a CROSS JOIN LATERAL (SELECT b.unique1 + a.hundred AS x, random() FROM onek b WHERE b.unique1 = a.unique1) s WHERE a.ten = 0

SELECT * FROM onek a JOIN tenk b ON a.hundred = b.unique1 WHERE a.two = 1

SELECT * FROM onek a JOIN onek b USING (unique1) WHERE a.hundred < 10

SELECT a.unique1, b.string FROM tenk a LEFT JOIN onek b ON a.thousand = b.unique2 AND b.two = 0

SELECT count(*) FROM onek a FULL JOIN tenk b ON a.unique1 = b.thousand WHERE a.ten IS NULL OR b.ten < 3

SELECT * FROM tenk a WHERE EXISTS (SELECT FROM onek b WHERE b.hundred = a.hundred AND b.two = 1)

SELECT * FROM tenk a WHERE NOT EXISTS (SELECT FROM onek b WHERE b.unique1 = a.thousand AND b.ten = 3)

SELECT * FROM onek WHERE unique1 NOT IN (SELECT thousand FROM tenk WHERE ten = 2)

SELECT * FROM onek WHERE unique1 IN (SELECT hundred FROM tenk WHERE growth > 3)

SELECT * FROM onek a, onek b WHERE a.unique1 < b.unique2 AND a.real > b.real

SELECT * FROM onek a, tenk b, child c WHERE a.unique1 = b.unique2 AND b.hundred = c.parent AND a.ten = 5

SELECT * FROM parent p JOIN child c ON c.parent = p.id JOIN onek o ON o.unique1 = c.id JOIN tenk t ON t.unique1 = o.unique2 WHERE p.name < 'p2' ORDER BY c.n LIMIT 7

SELECT * FROM onek a JOIN onek b ON a.real BETWEEN b.real - 1 AND b.real + 1 ORDER BY a.string

SELECT * FROM onek a RIGHT JOIN tenk b ON a.string = b.string WHERE b.third

SELECT ten, count(*), sum(real), avg(num), max(string), stddev(real) FROM onek GROUP BY ten

SELECT ten, four, count(DISTINCT hundred) FROM onek GROUP BY ten, four HAVING count(*) > 5 ORDER BY 3 DESC

SELECT ten, two, grouping(ten), sum(unique1) FROM onek GROUP BY CUBE (ten, two, four)

SELECT hundred, thousand % 3, count(*) FILTER (WHERE third) FROM tenk GROUP BY GROUPING SETS ((hundred), (thousand % 3), ())

SELECT DISTINCT hundred, ten FROM tenk

SELECT DISTINCT ON (hundred) hundred, wave FROM tenk ORDER BY hundred, wave

SELECT max(unique1), min(unique2) FROM tenk

SELECT percentile_cont(0.3) WITHIN GROUP (ORDER BY growth), mode() WITHIN GROUP (ORDER BY ten) FROM tenk

SELECT unique1, rank() OVER w, sum(real) OVER (PARTITION BY ten ORDER BY hundred ROWS 3 PRECEDING), lag(string) OVER w FROM onek WINDOW w AS (PARTITION BY ten ORDER BY string)

SELECT * FROM (SELECT unique1, row_number() OVER (ORDER BY hundred, unique2) AS n FROM tenk) s WHERE n < 20

SELECT * FROM tenk ORDER BY thousand, wave LIMIT 50

SELECT * FROM onek ORDER BY ten, four, real

SELECT * FROM tenk ORDER BY unique1 DESC OFFSET 100 LIMIT 10

SELECT string FROM onek UNION SELECT string FROM tenk WHERE ten = 1

SELECT hundred FROM onek UNION ALL SELECT hundred FROM tenk ORDER BY 1 LIMIT 100

SELECT unique1 FROM onek INTERSECT SELECT thousand FROM tenk WHERE hundred > 20

SELECT unique1 FROM tenk EXCEPT ALL SELECT unique2 FROM onek

WITH RECURSIVE r (n, d) AS (SELECT unique1, 0 FROM onek WHERE ten = 0 UNION ALL SELECT o.unique2, d + 1 FROM r JOIN onek o ON o.unique1 = r.n WHERE d < 4) SELECT n, count(*) FROM r GROUP BY n

WITH s AS MATERIALIZED (SELECT hundred, sum(growth) AS g FROM tenk GROUP BY hundred) SELECT * FROM s a JOIN s b ON a.hundred = b.hundred + 1 WHERE a.g > b.g

SELECT * FROM onek WHERE unique1 = 7 OR unique2 = 3 OR hundred = 99

SELECT * FROM onek WHERE unique1 = ANY ('{3,1,4,1,5,9}') AND real > 0.2

SELECT unique1 FROM onek WHERE unique1 BETWEEN 10 AND 30

SELECT ten, four, real FROM onek WHERE ten = 3 AND four > 0

SELECT * FROM onek WHERE few = 5 AND two = 1

SELECT * FROM onek WHERE upper(string) LIKE 'A%' AND string > 'a'

SELECT * FROM onek WHERE (ten, four) > (3, 1) ORDER BY ten, four LIMIT 3

SELECT * FROM tenk WHERE string = 'c4ca4238a0b923820dcc509a6f75849b'

SELECT * FROM tenk WHERE block BETWEEN 40 AND 43

SELECT * FROM tenk WHERE wave > 0.999

SELECT * FROM tenk WHERE ten = 4 AND hundred = 14 AND thousand = 514

SELECT * FROM tenk WHERE hundred IN (1, 2, 3) AND thousand < 100

SELECT * FROM tenk WHERE third AND unique2 % 7 = 3 AND costly(ten) > 4

SELECT * FROM doc WHERE words @@ to_tsquery('simple', 'a & (b | c:*)')

SELECT id FROM doc WHERE tags @> '{3,5}' AND tags && '{1,2}'

SELECT id FROM doc WHERE j @> '{"a": 3}' AND j ? 'b'

SELECT id FROM doc WHERE body LIKE '%abc%' OR body % 'c4ca'

SELECT id FROM doc ORDER BY body <-> 'c4ca 1679' LIMIT 5

SELECT id FROM doc WHERE h @> 'k1=>2' AND path ~ 'top.*.m3'

SELECT id FROM doc WHERE path <@ 'top.n2' AND body ^@ 'c'

SELECT id FROM doc WHERE tags @@ '1&(2|3)'

SELECT id FROM doc, LATERAL jsonb_array_elements(j -> 'c') AS e WHERE e > '700'

SELECT * FROM place WHERE p <@ box '((0,0),(30,40))'

SELECT id FROM place ORDER BY p <-> point '(1,2)' LIMIT 10

SELECT id FROM place WHERE b && box '((3,3),(5,5))' AND c @> circle '((3,3),1)'

SELECT id FROM place WHERE r @> 17 AND kind = 3

SELECT id FROM place WHERE r && int4range(20, 40) AND net << '10.3.0.0/16'

SELECT id FROM place WHERE q && cube '(1,2,3),(4,5,6)' OR s && '3..9'

SELECT id FROM place ORDER BY q <-> cube '(3,3,3)' LIMIT 4

SELECT a.id, b.id FROM place a JOIN place b ON a.b && b.b WHERE a.kind = 1

SELECT * FROM part WHERE a = 260

SELECT * FROM part WHERE a BETWEEN 240 AND 520 AND b > 100 ORDER BY a

SELECT * FROM part JOIN listed USING (a) WHERE part.b < 900

SELECT a, count(*), sum(b) FROM part GROUP BY a

SELECT a, max(c) FROM part WHERE a < (SELECT 300) GROUP BY a ORDER BY a LIMIT 5

SELECT * FROM hashed WHERE a = 17 OR a = 23

SELECT * FROM part p, onek o WHERE p.a = o.unique1 AND o.hundred = 7

SELECT * FROM empty e JOIN onek o ON o.unique1 = e.a

SELECT * FROM grouped g JOIN onek o USING (hundred) WHERE g.mean > 100

SELECT s, o.ten FROM series(10) AS s JOIN onek o ON o.unique1 = s WHERE s > 3

SELECT * FROM ROWS FROM (generate_series(1, 1000), unnest('{1,2,3}'::int[])) AS f (a, b) JOIN tenk ON a = unique1

SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) v (n, t) JOIN tenk ON tenk.unique1 = v.n

SELECT (SELECT count(*) FROM onek b WHERE b.hundred = a.hundred), ARRAY(SELECT unique2 FROM onek c WHERE c.ten = a.ten LIMIT 3) FROM onek a WHERE a.two = 0

SELECT * FROM onek TABLESAMPLE BERNOULLI (13) REPEATABLE (5) WHERE ten = 1

SELECT * FROM tenk TABLESAMPLE SYSTEM_ROWS (100)

SELECT ctid, * FROM onek WHERE ctid = '(0,3)' OR ctid > '(5,1)'

SELECT * FROM onek WHERE unique1 = 5 FOR UPDATE

UPDATE onek SET real = real * 2 WHERE hundred = 7

UPDATE onek o SET real = t.wave FROM tenk t WHERE t.unique1 = o.unique2 AND t.ten = 3

DELETE FROM child WHERE parent IN (SELECT id FROM parent WHERE name LIKE 'p1%')

INSERT INTO empty SELECT unique1, string FROM onek WHERE ten > 3 ON CONFLICT (a) DO UPDATE SET b = excluded.b

MERGE INTO child c USING onek o ON c.id = o.unique1 WHEN MATCHED AND o.ten = 1 THEN UPDATE SET n = o.real WHEN NOT MATCHED THEN INSERT VALUES (o.unique1, 1, o.real)

SELECT g.hundred, j.* FROM grouped g LEFT JOIN LATERAL (SELECT * FROM tenk t WHERE t.hundred = g.hundred ORDER BY t.wave LIMIT 2) j ON true

SELECT * FROM JSON_TABLE('[{"a": 1}, {"a": 2}]', '$[*]' COLUMNS (a int PATH '$.a')) AS jt JOIN onek ON unique1 = jt.a

SELECT * FROM item WHERE kind = 3 ORDER BY id LIMIT 3

SELECT id FROM item ORDER BY v <-> '[1,0,1,0,3,9,4,0]' LIMIT 5

SELECT id FROM item ORDER BY v <#> '[1,0,1,0,3,9,4,0]' LIMIT 5

SELECT id FROM item WHERE kind < 5 ORDER BY v <=> '[1,0,1,0,3,9,4,0]' LIMIT 5

SELECT id FROM item ORDER BY v::halfvec(8) <-> '[1,0,1,0,3,9,4,0]' LIMIT 5
