-- Functions of PostgreSQL itself, on fixed input. A statement that must fail has a remark that says so.

SELECT n, x, exp(x) FROM float WHERE x BETWEEN -745 AND 709

SELECT n, sqrt(x), cbrt(x), ln(x), log(x) FROM float WHERE x > 0

SELECT n, sin(x), cos(x), tan(x), cot(x) FROM float WHERE abs(x) < 1e22

SELECT n, asin(x), acos(x), atanh(x * 0.99) FROM float WHERE abs(x) <= 1

SELECT n, atan(x), atan2(x, 3), sinh(x / 10), cosh(x / 10), tanh(x), asinh(x), degrees(x), radians(x) FROM float WHERE abs(x) < 1e4 AND abs(x) > 1e-300 OR x = 0

SELECT n, sind(x), cosd(x), tand(x), erf(x), erfc(x), gamma(abs(x) + 0.5), lgamma(abs(x) + 0.5) FROM float WHERE abs(x) < 100

SELECT a.x, b.x, power(a.x, b.x) FROM float a, float b WHERE a.x BETWEEN 0.1 AND 100 AND abs(b.x) BETWEEN 0.1 AND 10

SELECT a.n, b.n, a.x < b.x, a.x = b.x, greatest(a.x, b.x), least(a.x, b.x), nullif(a.x, b.x) FROM float a, float b ORDER BY 1, 2

SELECT x, x::float4, round(x), trunc(x), ceil(x), floor(x), sign(x), abs(x), -x FROM float WHERE abs(x) < 1e38 AND abs(x) > 1e-38 OR x = 0 OR x = 'NaN' ORDER BY n

SELECT n, x::numeric, x::numeric(40, 10) FROM float WHERE abs(x) < 1e20 ORDER BY n

SELECT n, x::int8, x::int4, x::int2 FROM float WHERE abs(x) < 32000 ORDER BY n

SELECT n, to_char(x, '9.99EEEE'), to_char(x, 'FM999999990.00099'), to_char(x, 'S000.0'), to_char(x::numeric, 'RN') FROM float WHERE abs(x) < 1e6 ORDER BY n

SET extra_float_digits = 0; SELECT n, x, x::float4 FROM float WHERE abs(x) < 1e30 AND abs(x) > 1e-30 ORDER BY n; RESET extra_float_digits

-- fails
SELECT '1e400'::float8

-- fails
SELECT exp(1000::float8)

SELECT sum(x), avg(x), stddev(x), var_pop(x), corr(x, n), regr_slope(x, n), regr_r2(x, n), covar_samp(x, n) FROM float WHERE abs(x) < 1e16 AND abs(x) > 1e-6

SELECT i, width_bucket(i * 0.37, 0, 10, 7), width_bucket(sin(i), '{-0.5,0,0.5}'::float8[]), i % 7, -i % 7, mod(i, -3), div(i, 3), gcd(i, 36), lcm(i, 10) FROM generate_series(-20, 20) AS i

SELECT (-9223372036854775808) % (-1), (-2147483648) % (-1), (-32768)::int2 % (-1)::int2, 7 % -3, -7 % 3

-- fails
SELECT 1 % 0

-- fails
SELECT 1::int8 % 0::int8

SELECT i, i::numeric / 7, sqrt(i::numeric), exp(i::numeric / 10), ln(i::numeric), log(2, i), power(i::numeric, 0.37), round(i / 3.0, 12), trunc(-i / 7.0, 3), factorial(i) FROM generate_series(1, 40) AS i

SELECT 123456789012345678901234567890.123456789 * 987654321.987654321, 1e50 / 3e-20, 1234567890123456789012345678901234567890 % 97, scale(1.5000), trim_scale(1.5000), min_scale(8.4100), 'NaN'::numeric > 'Infinity'

SELECT i, (i * interval '37 days 5 hours 11.3 seconds') / 7, justify_interval(i * interval '17 hours'), timestamp '2000-02-29 13:14:15.678' + i * interval '1 month', date_trunc('week', timestamp '2021-03-04' + i * interval '11 hours'), date_bin('17 minutes', timestamp '2021-01-01' + i * interval '7 min', '2001-01-01') FROM generate_series(-9, 9) AS i

SELECT i, extract(epoch FROM t), extract(isoyear FROM t), extract(week FROM t), extract(doy FROM t), extract(julian FROM t), to_char(t, 'YYYY-MM-DD HH24:MI:SS.US IYYY IW J Q DDD D RM'), age(t, '1990-05-05') FROM generate_series(0, 30) AS i, LATERAL (SELECT timestamp '1970-01-01' + i * interval '777 days 3:05:07.25' AS t) AS x

SELECT i, (timestamptz '2024-03-10 06:30Z' + i * interval '30 min') AT TIME ZONE 'America/New_York', make_interval(secs => i * 59.99), make_date(2000 + i, 1 + i % 12, 1 + i % 28) FROM generate_series(0, 12) AS i

SELECT md5(i::text), sha224(i::text::bytea), sha256(i::text::bytea), sha384(i::text::bytea), sha512(i::text::bytea), hashtext(i::text), hashint8(i), hashfloat8(i / 3.0), hash_numeric(i / 7.0), crc32(i::text::bytea), crc32c(i::text::bytea), jsonb_hash(to_jsonb(i)), hash_array(ARRAY[i, i + 1]) FROM generate_series(1, 40) AS i

SELECT i, point(i, i * 0.5) <-> lseg(point(1, 2), point(3, i)), circle(point(0, 0), i) && circle(point(i, 3), 1), area(circle(point(0, 0), i)), path '((0,0),(3,1),(2,5))' <-> path '((7,7),(9,8))', polygon(i + 3, circle(point(1, 1), i)), box(circle(point(i, i), 2)) # box '((1,1),(4,4))', slope(point(0, i), point(1, i * i)) FROM generate_series(1, 12) AS i

SELECT ts_rank('{0.1,0.2,0.4,1.0}', to_tsvector('english', t), q, k), ts_rank_cd(to_tsvector('english', t), q, k), ts_headline('english', t, q) FROM (VALUES ('The quick brown foxes were jumping over lazy dogs, and a fox jumped'), ('Foxes jump. Dogs run quickly; dogs and foxes')) v (t), (VALUES ('fox & dog'::tsquery), ('fox <-> jump'), ('quick | dog:*')) w (q), generate_series(0, 32, 8) AS k

SELECT to_tsvector(l::regconfig, 'running connections happily natural consultation mangiare travaillons gegangen'), ts_lexize('english_stem', 'generously') FROM unnest('{simple,english,french,german,italian,russian,spanish,hungarian,turkish}'::text[]) AS l

SELECT setseed(0.42), (SELECT string_agg(random()::text, ' ') FROM generate_series(1, 8)), (SELECT string_agg(random_normal()::text, ' ') FROM generate_series(1, 8)), (SELECT string_agg(random(1, 1000)::text, ' ') FROM generate_series(1, 8))

SELECT similarity_result FROM regexp_matches('foo123bar45baz', '([a-z]+)([0-9]+)', 'g') AS similarity_result

SELECT regexp_replace('The year 1999 and 2001', '(\d)(\d+)', '<\2\1>', 'g'), regexp_split_to_array('a1b22c333d', '\d+'), 'aaa' ~ '^(a|aa)+$', regexp_count('abcabc', 'b.a?'), substring('x=17;y=23' FROM 'y=(\d+)')

SELECT jsonb_path_query('[1, 2.5, -3, 1e3]', '$[*] ? (@ > 1).ceiling()'), to_jsonb(1e-7::float8), '{"a":1.10,"b":[1e2]}'::jsonb, jsonb_path_query('{"x": "2.75"}', '$.x.double() * 3')

SELECT xmlserialize(CONTENT xmlelement(name a, xmlattributes(1.5 AS b), i / 3.0) AS text), xpath('count(//b) div 3', '<a><b/><b/></a>') FROM generate_series(1, 3) AS i

SELECT i::bit(12), (i::bit(12) << 3)::int, ~ i::bit(8), get_bit('\x1234'::bytea, i % 16), to_hex(i * 12345), to_oct(i), to_bin(i), encode(int8send(i * 7777777), 'base64'), reverse(i::text), format('%5s|%-5s|%I', i, i, i) FROM generate_series(0, 24) AS i

SELECT cash, cash * 1.37::float8, cash / 7, cash::numeric FROM unnest('{1.23,-99.5,1234567.89}'::text[]::money[]) AS cash

SELECT inet '10.1.2.3/8' + i, inet '10.0.0.200' - inet '10.0.0.7', macaddr8 '08:00:2b:01:02:03:04:05', int4range(i, i + 5) * int4range(3, 9), range_merge(int4range(i, i + 1), int4range(20, 30)), nummultirange(numrange(i, i + 2.5), numrange(7, 9)) FROM generate_series(1, 6) AS i

SELECT ten, avg(real), stddev_pop(num), sum(num), var_samp(real), max(at), percentile_cont(0.37) WITHIN GROUP (ORDER BY real) FROM onek GROUP BY ten ORDER BY ten

SELECT sum(wave), avg(growth), regr_intercept(wave, growth), corr(wave, growth), string_agg(substr(string, 1, 1), '' ORDER BY unique2) FILTER (WHERE thousand = 7) FROM tenk

SELECT unique1, sum(real) OVER w, avg(num) OVER w, cume_dist() OVER w, ntile(7) OVER w FROM onek WHERE hundred < 3 WINDOW w AS (PARTITION BY two ORDER BY real ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) ORDER BY unique1

SELECT o.ten, count(*), sum(c.n) FROM onek o JOIN child c ON c.id = o.unique1 JOIN parent p ON p.id = c.parent GROUP BY o.ten ORDER BY o.ten

SELECT tablename, attname, null_frac, avg_width, n_distinct, correlation, most_common_freqs FROM pg_stats WHERE schemaname = 'public' ORDER BY 1, 2

CREATE TABLE made AS SELECT i, sqrt(i) AS r, md5(i::text) AS t FROM generate_series(1, 500) AS i; CREATE INDEX ON made (t); CREATE INDEX ON made USING gist (point(r, i)); CREATE INDEX ON made USING brin (r); ANALYZE made; SELECT attname, n_distinct, correlation, histogram_bounds FROM pg_stats WHERE tablename = 'made' ORDER BY 1; EXPLAIN SELECT * FROM made WHERE t < '4' AND r > 3

SELECT bt_index_check('onek_string'), bt_index_check('tenk_unique1')

SELECT * FROM bt_metap('made_t_idx'), bt_page_stats('made_t_idx', 1)

DO $$ DECLARE x float8 := 1; n int := 0; BEGIN WHILE x < 1e6 LOOP x := x * 1.1 + sin(n); n := n + 1; END LOOP; RAISE NOTICE '% %', n, x; END $$
