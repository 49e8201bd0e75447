package conformance

import "github.com/stretchr/testify/require"

// testJSON checks json and jsonb, SQL/JSON paths and the constructors and queries of the standard.
func testJSON(a *area) {
	a.run("Operators", func(s *session) {
		s.want(`SELECT j -> 'a', j ->> 'b', j #> '{c,0}', j #>> '{c,1,d}', j -> 'c' -> -1, j -> 'nope' FROM (SELECT '{"a": 1, "b": "x", "c": [true, {"d": null}]}'::jsonb) v (j)`,
			`1|x|true|∅|{"d": null}|∅`)
		s.want(`SELECT '{"a":1}'::jsonb @> '{}', '[1,[2,3]]'::jsonb @> '[[3]]', '{"a":1}'::jsonb ? 'a', '["a","b"]'::jsonb ?| '{z,b}', '["a"]'::jsonb ?& '{a,b}', '{"a":{}}'::jsonb <@ '{}'`, "t|t|t|t|f|f")
		s.want(`SELECT '{"a":1,"b":2}'::jsonb - 'a', '[1,2,3]'::jsonb - 1, '{"a":{"b":1,"c":2}}'::jsonb #- '{a,b}', '{"a":1}'::jsonb || '{"a":2,"b":3}', '[1]'::jsonb || '2', '{"a":1,"b":2}'::jsonb - '{a,b}'::text[]`,
			`{"b": 2}|[1, 3]|{"a": {"c": 2}}|{"a": 2, "b": 3}|[1, 2]|{}`)
		s.want(`SELECT '1'::jsonb < '"a"', '[]'::jsonb < '{}', '{"a":1.0}'::jsonb = '{"a":1}', '[1,2]'::jsonb > '[1]'`, "f|t|t|t")
	})
	a.run("Functions", func(s *session) {
		s.want(`SELECT jsonb_set('{"a":[1,2]}', '{a,1}', '9'), jsonb_set('{}', '{x}', '1', false), jsonb_insert('[1,2]', '{0}', '0'), jsonb_strip_nulls('{"a":null,"b":[null]}'), jsonb_pretty('{"a":[1]}')`,
			"{\"a\": [1, 9]}|{}|[0, 1, 2]|{\"b\": [null]}|{\n    \"a\": [\n        1\n    ]\n}")
		s.want(`SELECT jsonb_typeof('null'), json_typeof('[1]'), jsonb_array_length('[1,2]'), to_jsonb('x"y'::text), row_to_json(row(1, 'a')), json_build_object('k', 1, 'n', NULL), jsonb_build_array(1, 'x', true, NULL)`,
			`null|array|2|"x\"y"|{"f1":1,"f2":"a"}|{"k" : 1, "n" : null}|[1, "x", true, null]`)
		s.want(`SELECT * FROM jsonb_each_text('{"a":1,"b":"x"}')`, "a|1", "b|x")
		s.want(`SELECT * FROM jsonb_array_elements('[1,{"a":2}]') WITH ORDINALITY`, "1|1", `{"a": 2}|2`)
		s.want(`SELECT jsonb_object_keys('{"b":1,"a":2}')`, "a", "b")
		s.want(`SELECT * FROM jsonb_to_record('{"a":1,"b":[1,2],"c":{"x":5}}') AS r (a int, b int[], c jsonb, d text)`, `1|{1,2}|{"x": 5}|∅`)
		s.exec(`CREATE TYPE pair AS (a int, b text)`)
		s.want(`SELECT jsonb_populate_record(NULL::pair, '{"b":"x","z":1}'), (jsonb_populate_record((7, 'y')::pair, '{"b":"x"}')).a`, "(,x)|7")
		s.want(`SELECT jsonb_agg(x ORDER BY x DESC), json_object_agg(x, x * 2 ORDER BY x), jsonb_object_agg(x, NULL) FROM generate_series(1, 2) AS x`, `[2, 1]|{ "1" : 2, "2" : 4 }|{"1": null, "2": null}`)
		s.want(`SELECT json_object('{a,1,b,2}'), jsonb_object('{a,b}', '{1,2}'), array_to_json('{{1,2},{3,4}}'::int[]), to_json('2024-01-01 10:00:00+00'::timestamptz AT TIME ZONE 'UTC')`,
			`{"a" : "1", "b" : "2"}|{"a": "1", "b": "2"}|[[1,2],[3,4]]|"2024-01-01T10:00:00"`)
		s.fails("22023", `SELECT jsonb_object_agg(NULL::text, 1)`)
		s.fails("22023", `SELECT jsonb_array_elements('{}')`)
	})
	a.run("Subscripts", func(s *session) {
		s.exec(`CREATE TABLE t (j jsonb); INSERT INTO t VALUES ('{"a": {"b": [1, 2]}}')`)
		s.want(`SELECT j['a']['b'][1], j['x'] FROM t`, "2|∅")
		s.exec(`UPDATE t SET j['a']['b'][3] = '9', j['new'] = '"x"'`)
		s.want(`SELECT j FROM t`, `{"a": {"b": [1, 2, null, 9]}, "new": "x"}`)
	})
	a.run("Errors", func(s *session) {
		e := s.fails("22P02", "SELECT '{\"a\":1,\n\"b\":}'::jsonb")
		require.Equal(s, `Expected JSON value, but found "}".`, e.Detail)
		require.Equal(s, "JSON data, line 2: \"b\":}", e.Where)
		s.fails("22P05", `SELECT '"\u0000"'::jsonb`)
		s.want(`SELECT '"\u0000"'::json`, `"\u0000"`)
		s.fails("22P02", `SELECT '"\ud83d"'::jsonb`)
		s.fails("22P02", `SELECT '01'::json`)
		s.fails("54001", `SELECT repeat('[', 200000)::jsonb`)
		s.want(`SELECT jsonb_typeof((repeat('[', 2000) || repeat(']', 2000))::jsonb)`, "array")
	})
	a.run("Path", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT '{"track": {"segments": [{"hr": 73, "t": "2018-10-14 10:05:14"}, {"hr": 135, "t": "2018-10-14 10:39:21"}]}, "tags": ["a", "b"]}'::jsonb AS j`)
		for sql, rows := range map[string][]string{
			`SELECT jsonb_path_query(j, '$.track.segments[*].hr') FROM t`:                                  {"73", "135"},
			`SELECT jsonb_path_query(j, '$.track.segments[*] ? (@.hr > 130).t') FROM t`:                    {`"2018-10-14 10:39:21"`},
			`SELECT jsonb_path_query(j, '$.track.segments[last].hr + 1') FROM t`:                           {"136"},
			`SELECT jsonb_path_query_array(j, 'strict $.**.hr ? (@ > $min)', '{"min": 100}', true) FROM t`: {"[135]"},
			`SELECT jsonb_path_query_first(j, '$.tags[*] ? (@ starts with "b")') FROM t`:                   {`"b"`},
			`SELECT jsonb_path_exists(j, 'strict $.tags ? (@.size() == 2)') FROM t`:                        {"t"},
			`SELECT j @? '$.tags[*] ? (@ like_regex "^A" flag "i")', j @@ '$.tags[0] == "a"' FROM t`:       {"t|t"},
			`SELECT jsonb_path_query(j, '$.track.segments[*].t.datetime() ? (@.type() <> "x")') FROM t`:    {`"2018-10-14T10:05:14"`, `"2018-10-14T10:39:21"`},
			`SELECT jsonb_path_query('{"a":[3,1.5,-2]}', '$.a[*].abs().ceiling()')`:                        {"3", "2", "2"},
			`SELECT jsonb_path_query('{"a":1}', '$.keyvalue()')`:                                           {`{"id": 0, "key": "a", "value": 1}`},
			`SELECT jsonb_path_query('[1,"x",null]', '$[*] ? (@.type() == "number" || @ == null)')`:        {"1", "null"},
			`SELECT jsonb_path_query('{}', 'lax $.a.b')`:                                                   {},
			`SELECT jsonb_path_query('{}', 'strict $.a', silent => true)`:                                  {},
		} {
			s.want(sql, rows...)
		}
		s.fails("2203A", `SELECT jsonb_path_query('{}', 'strict $.a')`)
		s.fails("42601", `SELECT '$.['::jsonpath`)
		s.fails("22012", `SELECT jsonb_path_query('1', '$ / 0')`)
	})
	a.run("Indexes", func(s *session) {
		s.exec(`CREATE TABLE t (id int, j jsonb); INSERT INTO t SELECT i, jsonb_build_object('k', i % 100, 'tags', jsonb_build_array('t' || i % 7, 'all')) FROM generate_series(1, 2000) AS i;
			CREATE INDEX ops ON t USING gin (j); CREATE INDEX path_ops ON t USING gin (j jsonb_path_ops); CREATE INDEX expr ON t ((j ->> 'k')); ANALYZE t; SET enable_seqscan = off`)
		s.want(`SELECT count(*) FROM t WHERE j @> '{"k": 5}'`, "20")
		s.want(`SELECT count(*) FROM t WHERE j -> 'tags' ? 't3'`, "286")
		s.want(`SELECT count(*) FROM t WHERE j @? '$.tags[*] ? (@ == "t3")'`, "286")
		s.plans(`SELECT * FROM t WHERE j ->> 'k' = '5'`, "expr")
		s.plans(`SELECT * FROM t WHERE j @? '$.tags[*] ? (@ == "t3")'`, "Bitmap Index Scan on")
		s.plans(`SELECT * FROM t WHERE j ? 'k'`, "Bitmap Index Scan on ops")
	})
	a.run("LargeDocuments", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT jsonb_object_agg('key' || i, md5(i::text)) AS j FROM generate_series(1, 50000) AS i`)
		s.want(`SELECT j ->> 'key49999' = md5('49999'), (SELECT count(*) FROM jsonb_object_keys(j)) FROM t`, "t|50000")
		s.exec(`UPDATE t SET j = (j || '{"extra": 1}') - 'key1'`)
		s.want(`SELECT j -> 'extra', j ? 'key1' FROM t`, "1|f")
	})
	a.run("Constructors", func(s *session) {
		s.needs(16, "SQL/JSON constructors")
		s.want(`SELECT json_object('a': 1, 'b': NULL ABSENT ON NULL), json_array(1, NULL, 'x' NULL ON NULL RETURNING jsonb), json_arrayagg(x ORDER BY x), json_objectagg('k' || x: x) FROM generate_series(1, 2) AS x`,
			`{"a" : 1}|[1, null, "x"]|[1, 2]|{ "k1" : 1, "k2" : 2 }`)
		s.want(`SELECT '{"a":1}' IS JSON, '[' IS JSON, '[]' IS JSON ARRAY, '{"a":1,"a":2}' IS JSON OBJECT WITH UNIQUE KEYS, '1' IS JSON SCALAR`, "t|f|t|f|t")
	})
	a.run("QueryFunctions", func(s *session) {
		s.needs(17, "SQL/JSON query functions")
		s.want(`SELECT json_exists(j, '$.a'), json_value(j, '$.a' RETURNING int), json_query(j, '$.b[*]' WITH WRAPPER), json_value(j, '$.z' DEFAULT 'none' ON EMPTY), json_query(j, '$.c' RETURNING text OMIT QUOTES) FROM (SELECT '{"a": 7, "b": [1, 2], "c": "text"}'::jsonb) v (j)`,
			`t|7|[1, 2]|none|text`)
		s.fails("22035", `SELECT json_value('{}', '$.a' ERROR ON EMPTY)`)
		s.want(`SELECT json('{"a":1}'), json_scalar(1.5), json_serialize('{"a" : 1}' RETURNING text)`, `{"a":1}|1.5|{"a" : 1}`)
	})
	a.run("Table", func(s *session) {
		s.needs(17, "JSON_TABLE")
		s.want(`SELECT t.* FROM json_table('{"favourites": [{"kind": "comedy", "films": [{"title": "A", "year": 1999}, {"title": "B"}]}, {"kind": "horror", "films": []}]}'::jsonb,
			'$.favourites[*]' COLUMNS (id FOR ORDINALITY, kind text PATH '$.kind', has_films boolean EXISTS PATH '$.films[0]',
				NESTED PATH '$.films[*]' COLUMNS (title text, year int PATH '$.year' DEFAULT -1 ON EMPTY))) AS t`,
			"1|comedy|t|A|1999", "1|comedy|t|B|-1", "2|horror|f|∅|∅")
	})
	a.run("PathMethods", func(s *session) {
		s.needs(17, "jsonpath conversion methods")
		s.want(`SELECT jsonb_path_query('["12", "2024-01-01", true]', '$[0].integer()'), jsonb_path_query('["1.55"]', '$[0].decimal(3, 1)'), jsonb_path_query('"2024-01-01"', '$.date()'), jsonb_path_query('7', '$.string()')`,
			`12|1.6|"2024-01-01"|"7"`)
	})
	a.run("StripNullsInArrays", func(s *session) {
		s.needs(18, "jsonb_strip_nulls of arrays")
		s.want(`SELECT jsonb_strip_nulls('[1, null, {"a": null}]', true), 'null'::jsonb::int`, `[1, {}]|∅`)
	})
}
