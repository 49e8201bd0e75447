-- Functions of libraries, on fixed input.

SELECT id, v <-> '[1,0,1,0,3,9,4,0]', v <#> '[1,0,1,0,3,9,4,0]', v <=> '[1,0,1,0,3,9,4,0]', v <+> '[1,0,1,0,3,9,4,0]' FROM item WHERE id <= 60 ORDER BY id

SELECT id, v::halfvec(8) <-> '[1,0,1,0,3,9,4,0]', v::halfvec(8) <#> '[1,0,1,0,3,9,4,0]', v::halfvec(8) <=> '[1,0,1,0,3,9,4,0]', v::halfvec(8) <+> '[1,0,1,0,3,9,4,0]', v::halfvec(8) FROM item WHERE id <= 60 ORDER BY id

SELECT id, v::sparsevec <-> '{1:1,3:2}/8', v::sparsevec <#> '{1:1,3:2}/8', v::sparsevec <=> '{1:1,3:2}/8', v::sparsevec <+> '{1:1,3:2}/8' FROM item WHERE id <= 40 ORDER BY id

SELECT id, binary_quantize(v), binary_quantize(v) <~> B'10101010', binary_quantize(v) <%> B'11110000', vector_norm(v), l2_normalize(v), vector_dims(v), subvector(v, 2, 3), v + v, v - '[1,1,1,1,1,1,1,1]', v * v FROM item WHERE id <= 40 ORDER BY id

SELECT avg(v), sum(v) FROM item

SELECT kind, avg(v), count(*) FROM item GROUP BY kind ORDER BY kind

SELECT id, round((v <-> '[1,0,1,0,3,9,4,0]')::numeric, 9) FROM item ORDER BY v <-> '[1,0,1,0,3,9,4,0]' LIMIT 20

SELECT id FROM item ORDER BY v <#> '[1,0,1,0,3,9,4,0]' LIMIT 20

SET ivfflat.probes = 3; SELECT id FROM item ORDER BY v <=> '[1,0,1,0,3,9,4,0]' LIMIT 20; RESET ivfflat.probes

-- fails
SELECT '[1,2]'::vector <-> '[1,2,3]'

-- fails
SELECT '[1e38,1e38]'::vector * '[1e38,1]'

SELECT a.id, b.id, similarity(a.body, b.body), word_similarity(a.body, b.body), strict_word_similarity(a.body, b.body), a.body <-> b.body, a.body <<-> b.body FROM doc a JOIN doc b ON b.id = a.id + 1 WHERE a.id <= 40 ORDER BY 1

SELECT show_trgm('word with äöü'), similarity('word', 'two words'), show_limit()

SELECT id FROM doc WHERE body % 'c4ca 1679091' ORDER BY id LIMIT 20

SELECT id, body <-> 'c4ca 1679 e4d' FROM doc ORDER BY body <-> 'c4ca 1679 e4d', id LIMIT 10

SELECT h, h -> 'k1', h ? 'k2', h || 'z=>1', h - 'k3'::text, akeys(h), hstore_to_json(h), hstore_hash(h), h @> 'k1=>1' FROM doc WHERE id <= 30 ORDER BY id

SELECT hstore(ARRAY['a', 'b', 'c'], ARRAY['1', NULL, '3']), slice('a=>1,b=>2'::hstore, '{a,x}'), each('a=>1,b=>2'::hstore)

SELECT q, cube_distance(q, '(1,2,3)'), q <-> '(3,3,3)', q <#> '(3,3,3)', q <=> '(3,3,3)', cube_union(q, '(0,0,0)'), cube_inter(q, '(0,0,0),(9,9,9)'), cube_size(q), cube_enlarge(q, 1.5, 3), q ~> 1, q && cube '(1,2,3),(4,5,6)' FROM place WHERE id <= 30 ORDER BY id

SELECT id FROM place ORDER BY q <-> cube '(3,3,3)', id LIMIT 10

SELECT earth_distance(ll_to_earth(i, i * 2), ll_to_earth(-i, 7)), earth_box(ll_to_earth(i, 3), 1000), latitude(ll_to_earth(i, 5)), longitude(ll_to_earth(i, 5)), sec_to_gc(i * 1000), point(i, 3) <@> point(5, -i) FROM generate_series(1, 12) AS i

SELECT encode(digest(i::text, a), 'hex'), encode(hmac(i::text, 'key', a), 'hex') FROM generate_series(1, 5) AS i, unnest('{md5,sha1,sha224,sha256,sha384,sha512}'::text[]) AS a

SELECT crypt('secret', s) FROM unnest('{$1$abcdefgh,$2a$04$abcdefghijklmnopqrstuu,xy,_J9..rasm}'::text[]) AS s

SELECT encode(encrypt('some data of odd length', 'sixteen byte key', a), 'hex'), convert_from(decrypt(encrypt('some data', 'sixteen byte key', a), 'sixteen byte key', a), 'UTF8') FROM unnest('{aes,aes-ecb,aes-cbc/pad:pkcs,3des}'::text[]) AS a

SELECT encode(encrypt_iv('0123456789abcdef', 'sixteen byte key', '0123456789abcdef', 'aes-cbc'), 'hex'), armor('\x00112233'), dearmor(armor('\x00112233'))

SELECT pgp_sym_decrypt(pgp_sym_encrypt('data', 'key', 'cipher-algo=aes256,compress-algo=1'), 'key')

SELECT path, nlevel(path), subpath(path, 1), path @> 'top.n1', path ~ '*.m1*', path ? '{top.*,a.b}', lca(path, 'top.n1.m2.x'), path || 'x', index(path, 'm3'), path @ 'n1 & !m2' FROM doc WHERE id <= 30 ORDER BY id

SELECT tags, sort_desc(tags), tags & '{1,2,3}', tags | 9, tags - 3, icount(tags), idx(tags, 4), tags @@ '1|2', uniq(sort(tags)), subarray(tags, 2) FROM doc WHERE id <= 30 ORDER BY id

SELECT s, s && '3..7', seg_center(s), seg_size(s), seg_union(s, '1..2'), s << '50', seg_cmp(s, '3..4'), '6.50'::seg, '5(+-)0.3'::seg FROM place WHERE id <= 20 ORDER BY id

SELECT isbn13('978-0-393-04002-9'), isbn('0-393-04002-X'), issn('1436-4522'), ean13('4003994155486'), is_valid(isbn('0393040029!')), upc('075678164125')

SELECT levenshtein(a, b), levenshtein(a, b, 2, 1, 3), soundex(a), difference(a, b), metaphone(a, 8), dmetaphone(a), dmetaphone_alt(a), daitch_mokotoff(a) FROM (VALUES ('Thompson', 'Thomsen'), ('Schwarzenegger', 'Shwartz'), ('Peters', 'Peterson'), ('George', 'Jorge')) v (a, b)

SELECT 'ÄbC'::citext = 'äBc', strpos('FooBar'::citext, 'bar'::citext), regexp_replace('Foo'::citext, 'O', 'x', 'g'), unaccent('Hôtel Ångström ﬁ ½ ©')

SELECT * FROM crosstab('SELECT ten, four, sum(real) FROM onek GROUP BY 1, 2 ORDER BY 1, 2', 'SELECT generate_series(0, 3)') AS c (ten int, a float8, b float8, c float8, d float8)

SELECT * FROM connectby('parent', 'id', 'id', '1', 2) AS t (keyid int, parent_keyid int, level int) LIMIT 3

SELECT uuid_generate_v3(uuid_ns_dns(), 'calf'), uuid_generate_v5(uuid_ns_url(), 'https://example.com'), uuid_nil()

SELECT count(*) FROM tenk TABLESAMPLE SYSTEM_ROWS (100)

SELECT ts_lexize('intdict', '12345678'), ts_lexize('intdict', '-42')

SELECT count(*), sum(unique1) FROM tenk WHERE ten = 4 AND hundred = 14

SELECT count(*) FROM place WHERE kind = 3 AND r && int4range(10, 40)

SELECT count(*), sum(id) FROM doc WHERE id BETWEEN 100 AND 300 AND tags && '{5}'

CREATE TABLE made2 AS SELECT id, v FROM item WHERE id <= 60; CREATE INDEX ON made2 USING ivfflat (v vector_l2_ops) WITH (lists = 1); CREATE INDEX ON made2 USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 64); SET enable_seqscan = off; SELECT id FROM made2 ORDER BY v <-> '[1,0,1,0,3,9,4,0]' LIMIT 5; RESET enable_seqscan

CREATE TABLE made3 AS SELECT id, body, h, q, tags FROM doc JOIN place USING (id) WHERE id <= 100; CREATE INDEX ON made3 USING gin (body gin_trgm_ops); CREATE INDEX ON made3 USING gist (h); CREATE INDEX ON made3 USING gist (q); CREATE INDEX ON made3 USING gist (tags gist__intbig_ops); CREATE INDEX ON made3 USING bloom (id); SET enable_seqscan = off; SELECT id FROM made3 WHERE body LIKE '%c4%' ORDER BY id; SELECT id FROM made3 WHERE q && cube '(0,0,0),(9,9,9)' ORDER BY id LIMIT 9; SELECT id FROM made3 WHERE tags @> '{3}' ORDER BY id; SELECT id FROM made3 WHERE id = 7; RESET enable_seqscan
