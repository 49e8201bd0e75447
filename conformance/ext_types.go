package conformance

// testExtensionTypes checks extensions that bring types.
func testExtensionTypes(a *area) {
	a.extension("citext", func(s *session) {
		s.want(`SELECT 'tEsT1'::citext = 'test1', 'a'::citext < 'B'::citext, 'ÄÖ'::citext = 'äö', strpos('hELLo'::citext, 'LL'::citext), replace('abAB'::citext, 'ab', 'x'), 'ABC'::citext LIKE 'a%', 'Foo'::citext ~ 'fOO'`, "t|t|t|3|xx|t|t")
		s.exec(`CREATE TABLE t (nick citext PRIMARY KEY); INSERT INTO t VALUES ('Larry'), ('Tom')`)
		s.fails("23505", `INSERT INTO t VALUES ('LARRY')`)
		s.want(`SELECT nick FROM t WHERE nick = 'larry'`, "Larry")
		s.want(`SELECT max(nick), regexp_matches('FOObar'::citext, 'foo'::citext) FROM t`, "Tom|{FOO}")
	})
	a.extension("cube", func(s *session) {
		s.want(`SELECT '(4,5,6)'::cube <-> cube(array[1,2,3]::float8[]), cube_dim('(1,2,3)'), cube('{1,2}'::float8[], '{3,4}'), '(0,0),(2,2)'::cube @> '(1,1)', '(0),(2)'::cube && '(1),(3)', cube_union('(1)', '(3)'), '(1,2)'::cube ~> 2`,
			"5.196152422706632|3|(1, 2),(3, 4)|t|t|(1),(3)|1")
		s.want(`SELECT '(1,2)'::cube <#> '(4,6)', '(1,2)'::cube <=> '(4,6)', cube_enlarge('(1,2)', 1, 2), cube_subset('(1,2,3)', '{3,1}'), cube_size('(0,0),(2,3)')`, "7|4|(0, 1),(2, 3)|(3, 1)|6")
		s.exec(`CREATE TABLE t (id int, c cube); INSERT INTO t SELECT i, cube(ARRAY[i, i * 2]::float8[]) FROM generate_series(1, 1000) AS i; CREATE INDEX ON t USING gist (c); SET enable_seqscan = off; SET enable_sort = off`)
		s.plans(`SELECT * FROM t WHERE c <@ '(10,10),(20,50)'`, "Index")
		s.want(`SELECT count(*) FROM t WHERE c <@ '(10,10),(20,50)'`, "11")
		s.want(`SELECT id FROM t ORDER BY c <-> '(100.1,200)' LIMIT 3`, "100", "101", "99")
		s.fails("22P02", `SELECT '(1,2),(3)'::cube`)
	})
	a.extension("earthdistance", func(s *session) {
		s.want(`SELECT earth_distance(ll_to_earth(40.7128, -74.0060), ll_to_earth(34.052235, -118.243683))::numeric(12, 4), round(latitude(ll_to_earth(40, 30))), earth_box(ll_to_earth(0, 0), 1000) @> ll_to_earth(0.001, 0.001)`, "3940171.3340|40|t")
		s.want(`SELECT (point(-74.0060, 40.7128) <@> point(-118.243683, 34.052235))::numeric(10, 1)`, "2445.6")
	})
	a.extension("hstore", func(s *session) {
		s.want(`SELECT '"name"=>"test1"'::hstore::jsonb, 'a=>1,b=>NULL'::hstore -> 'a', 'a=>1'::hstore ? 'a', 'a=>1,b=>2'::hstore @> 'b=>2', 'a=>1'::hstore || 'a=>2,c=>3', 'a=>1,b=>2'::hstore - 'a'::text`,
			`{"name": "test1"}|1|t|t|"a"=>"2", "c"=>"3"|"b"=>"2"`)
		s.want(`SELECT akeys('b=>1,a=>2'), avals('a=>x'), hstore('k', 'v'), hstore(ARRAY['a', '1', 'b', '2']), hstore_to_array('a=>1'), slice('a=>1,b=>2', '{b}'), hstore(row(1, 'x'))`, `{a,b}|{x}|"k"=>"v"|"a"=>"1", "b"=>"2"|{a,1}|"b"=>"2"|"f1"=>"1", "f2"=>"x"`)
		s.want(`SELECT * FROM each('a=>1,b=>NULL')`, "a|1", "b|∅")
		s.exec(`CREATE TABLE t (id int, h hstore); INSERT INTO t SELECT i, hstore('k' || i % 20, i::text) FROM generate_series(1, 1000) AS i; CREATE INDEX g ON t USING gin (h); CREATE INDEX s ON t USING gist (h); SET enable_seqscan = off`)
		s.plans(`SELECT * FROM t WHERE h ? 'k3'`, "Index Scan")
		s.want(`SELECT count(*) FROM t WHERE h ? 'k3'`, "50")
		s.exec(`DROP INDEX g`)
		s.want(`SELECT id FROM t WHERE h @> 'k3=>3'`, "3")
		s.exec(`UPDATE t SET h['new'] = 'subscript' WHERE id = 1`)
		s.want(`SELECT h['new'] FROM t WHERE id = 1`, "subscript")
		s.someError(`SELECT 'a=>'::hstore`)
	})
	a.extension("intarray", func(s *session) {
		s.want(`SELECT '{1,2,3}'::int[] @@ '1 & (3|4)'::query_int, icount('{1,2}'), sort('{3,1,2}'), uniq(sort('{1,2,1}')), idx('{5,6}', 6), subarray('{1,2,3}', 2), '{1,2}'::int[] + 3, '{1,2,3}'::int[] - 2, '{1,2}'::int[] & '{2,3}', '{1}'::int[] | '{2}', #'{7,8}'::int[]`,
			"t|2|{1,2,3}|{1,2}|2|{2,3}|{1,2,3}|{1,3}|{2}|{1,2}|2")
		s.exec(`CREATE TABLE t (a int[]); INSERT INTO t SELECT ARRAY[i % 13, i % 17] FROM generate_series(1, 1000) AS i; CREATE INDEX g ON t USING gin (a gin__int_ops); CREATE INDEX s ON t USING gist (a gist__int_ops); CREATE INDEX b ON t USING gist (a gist__intbig_ops); SET enable_seqscan = off`)
		rows := s.value(`SELECT count(*) FROM generate_series(1, 1000) AS i WHERE (i % 13 = 5 OR i % 17 = 5) AND (i % 13 = 6 OR i % 17 = 6)`)
		s.plans(`SELECT * FROM t WHERE a @@ '5&6'`, "Index Scan")
		s.want(`SELECT count(*) FROM t WHERE a @@ '5&6'`, rows)
		s.exec(`DROP INDEX g`)
		s.want(`SELECT count(*) FROM t WHERE a @@ '5&6'`, rows)
		s.exec(`DROP INDEX s`)
		s.want(`SELECT count(*) FROM t WHERE a @> '{5,6}'`, rows)
	})
	a.extension("isn", func(s *session) {
		s.want(`SELECT isbn('978-0-393-04002-9'), isbn13('0901690546'), issn('1436-4522'), ean13('0220356483481'), ismn('9790060115615'), upc('220356483481'), is_valid('1436-4522'::issn)`,
			"0-393-04002-X|978-0-901690-54-8|1436-4522|022-035648348-1|M-060-11561-5|220356483481|t")
		s.want(`SELECT '0-393-04002-X'::isbn = '978-0-393-04002-9'::isbn13, isbn13(ean13('9780393040029')), '0-11-000533-?'::isbn`, "t|978-0-393-04002-9|0-11-000533-3")
		s.fails("22P02", `SELECT isbn('978-0-393-04002-8')`)
	})
	a.extension("lo", func(s *session) {
		s.exec(`CREATE TABLE t (title text, raster lo); CREATE TRIGGER manage BEFORE UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION lo_manage(raster)`)
		s.exec(`INSERT INTO t SELECT 'x', lo_from_bytea(0, 'data')`)
		oid := s.value(`SELECT raster FROM t`)
		s.want(`SELECT convert_from(lo_get(`+oid+`), 'UTF8'), lo_oid(raster) = `+oid+` FROM t`, "data|t")
		s.exec(`DELETE FROM t`)
		s.fails("42704", `SELECT lo_get(`+oid+`)`)
	})
	a.extension("ltree", func(s *session) {
		s.want(`SELECT 'Top.Science.Astronomy'::ltree <@ 'Top.Science'::ltree, subpath('a.b.c', 1), nlevel('a.b.c'), subltree('a.b.c', 1, 2), index('a.b.c', 'b'), lca('a.b.c', 'a.b.d'), 'a.b'::ltree || 'c', text2ltree('x.y'), 'a.b.c'::ltree ~ '*.b.*'::lquery, 'Europe.Russia'::ltree @ 'russia@ & !Asia'::ltxtquery`,
			"t|b.c|3|b|1|a.b|a.b.c|x.y|t|t")
		s.exec(`CREATE TABLE t (path ltree); INSERT INTO t VALUES ('Top'), ('Top.Science'), ('Top.Science.Astronomy'), ('Top.Science.Astronomy.Astrophysics'), ('Top.Hobbies'), ('Top.Hobbies.Amateurs_Astronomy'); CREATE INDEX g ON t USING gist (path); CREATE INDEX b ON t USING btree (path); SET enable_seqscan = off`)
		s.want(`SELECT path FROM t WHERE path <@ 'Top.Science' ORDER BY path`, "Top.Science", "Top.Science.Astronomy", "Top.Science.Astronomy.Astrophysics")
		s.want(`SELECT path FROM t WHERE path ~ '*.Astronomy.*' ORDER BY path`, "Top.Science.Astronomy", "Top.Science.Astronomy.Astrophysics")
		s.want(`SELECT path FROM t WHERE path @ 'Astro*% & !hobbies@' ORDER BY path`, "Top.Science.Astronomy", "Top.Science.Astronomy.Astrophysics")
		s.fails("42601", `SELECT 'a..b'::ltree`)
	})
	a.extension("seg", func(s *session) {
		s.want(`SELECT '6.25 .. 6.50'::seg, '7(+-)1'::seg, '~6.5'::seg, '<5.0'::seg, '5.0 .. 6'::seg && '5.5', seg_center('1..3'), '1 .. 3'::seg @> '2', '1'::seg << '2'`, "6.25 .. 6.50|6 .. 8|~6.5|<5.0|t|2|t|t")
		s.exec(`CREATE TABLE t (v seg); INSERT INTO t SELECT (i || ' .. ' || i + 2)::seg FROM generate_series(1, 500) AS i; CREATE INDEX ON t USING gist (v); SET enable_seqscan = off`)
		s.want(`SELECT count(*) FROM t WHERE v && '100 .. 105'`, "8")
		s.fails("42601", `SELECT 'x'::seg`)
	})
	a.extension("uuid-ossp", func(s *session) {
		s.want(`SELECT uuid_generate_v5(uuid_ns_dns(), 'www.example.com'), uuid_generate_v3(uuid_ns_dns(), 'www.example.com'), uuid_nil(), uuid_ns_url()`,
			"2ed6657d-e927-568b-95e1-2665a8aea6a2|5df41881-3aed-3515-88a7-2f4a814cf09e|00000000-0000-0000-0000-000000000000|6ba7b811-9dad-11d1-80b4-00c04fd430c8")
		s.want(`SELECT substr(uuid_generate_v1()::text, 15, 1), substr(uuid_generate_v1mc()::text, 15, 1), substr(uuid_generate_v4()::text, 15, 1)`, "1|1|4")
		s.want(`SELECT count(DISTINCT uuid_generate_v1()), count(DISTINCT uuid_generate_v4()) FROM generate_series(1, 500)`, "500|500")
	})
}
