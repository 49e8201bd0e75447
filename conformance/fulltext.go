package conformance

// testFullText checks text search: parsing, dictionaries, ranking, indexes.
func testFullText(a *area) {
	a.run("Vectors", func(s *session) {
		s.want(`SELECT to_tsvector('english', 'The quick brown foxes jumped over the lazy dogs'' running')`,
			`'brown':3 'dog':9 'fox':4 'jump':5 'lazi':8 'quick':2 'run':10`)
		s.want(`SELECT to_tsvector('simple', 'The Foxes')`, `'foxes':2 'the':1`)
		s.want(`SELECT to_tsvector('german', 'Die Häuser standen am Fluss')`, `'fluss':5 'haus':2 'stand':3`)
		s.want(`SELECT to_tsvector('french', 'les chevaux mangeaient')`, `'cheval':2 'le':1 'mang':3`)
		s.want(`SELECT setweight('a:1 b:2'::tsvector, 'A') || 'c:1'::tsvector, strip('a:1 b:2,3'), length('a b c'::tsvector)`,
			`'a':1A 'b':2A 'c':3|'a' 'b'|3`)
		s.want(`SELECT ts_delete('a:1 b:2', 'a'), ts_filter('a:1A b:2B', '{a}'), tsvector_to_array('b a'), array_to_tsvector('{z,y}')`,
			`'b':2|'a':1A|{a,b}|'y' 'z'`)
		s.want(`SELECT lexeme, positions, weights FROM unnest('cat:3 fat:2,4A'::tsvector)`, "cat|{3}|{D}", "fat|{2,4}|{D,A}")
		s.want(`SELECT to_tsvector('english', '{"a": "fat rats", "b": ["quick", 1]}'::jsonb)`, `'fat':1 'quick':4 'rat':2`)
		s.want(`SELECT jsonb_to_tsvector('english', '{"a": "fat", "n": 12}', '["numeric", "key"]')`, `'12':4 'n':2`)
	})
	a.run("Queries", func(s *session) {
		s.want(`SELECT to_tsquery('english', 'The & Fat & Rats'), plainto_tsquery('english', 'The Fat Rats'), phraseto_tsquery('english', 'The Fat Rats')`,
			`'fat' & 'rat'|'fat' & 'rat'|'fat' <-> 'rat'`)
		s.want(`SELECT websearch_to_tsquery('english', '"supernovae stars" -crab or "signal"')`, `'supernova' <-> 'star' & !'crab' | 'signal'`)
		s.want(`SELECT 'fat cat'::tsvector @@ 'fat & !dog', 'fat cat'::tsvector @@ 'do:*', 'a:1 b:3'::tsvector @@ 'a <2> b', 'a:1 b:3'::tsvector @@ 'a <-> b'`, "t|f|t|f")
		s.want(`SELECT 'cat:1A'::tsvector @@ 'cat:A', 'cat:1B'::tsvector @@ 'cat:A'`, "t|f")
		s.want(`SELECT 'a & b'::tsquery && 'c', 'a'::tsquery || 'b', !!'a'::tsquery, 'a'::tsquery <-> 'b', numnode('a & b | c'), querytree('a & !b')`,
			`'a' & 'b' & 'c'|'a' | 'b'|!'a'|'a' <-> 'b'|5|'a'`)
		s.want(`SELECT ts_rewrite('a & b', 'a', 'foo|bar')`, `'b' & ( 'foo' | 'bar' )`)
		s.want(`SELECT 'a & b'::tsquery @> 'a', 'fat rats'::text @@ 'rat', tsquery_phrase('a', 'b', 4)`, `t|t|'a' <4> 'b'`)
		s.fails("42601", `SELECT to_tsquery('a b')`)
	})
	a.run("Ranking", func(s *session) {
		s.want(`SELECT title, ts_rank_cd(to_tsvector('english', body), q), round(ts_rank(to_tsvector('english', body), q)::numeric, 6)
			FROM (VALUES ('one', 'The fat rats ate the fat cats.'), ('two', 'The fat cats ate the fat rats.'), ('three', 'The fat cats and rats ate the fat rats and cats.')) v (title, body),
				to_tsquery('english', 'fat & rat') AS q ORDER BY 2 DESC`,
			"three|0.16666667|0.321877", "one|0.13333334|0.186813", "two|0.1|0.181526")
		s.want(`SELECT ts_headline('english', 'The most common type of search is to find all documents', to_tsquery('search & document'))`,
			"The most common type of <b>search</b> is to find all <b>documents</b>")
		s.want(`SELECT ts_headline('english', 'one two three four five six', 'four', 'StartSel=<,StopSel=>,MaxWords=3,MinWords=1')`, "<four>")
		s.want(`SELECT ts_rank('{0.1,0.2,0.4,1.0}'::float4[], 'a:1A b:1B', 'a'), ts_rank('a:1'::tsvector, 'a', 1)`, "0.6079271|0.06079271")
	})
	a.run("Parser", func(s *session) {
		s.want(`SELECT t.alias, p.token FROM ts_parse('default', 'foo@bar.com http://x.org/a.html 1.5 -7 v1.2-b /usr/bin') AS p, ts_token_type('default') AS t
			WHERE t.tokid = p.tokid AND alias <> 'blank'`,
			"email|foo@bar.com", "protocol|http://", "url|x.org/a.html", "host|x.org", "url_path|/a.html", "float|1.5", "int|-7", "file|v1.2-b", "file|/usr/bin")
		s.want(`SELECT alias, dictionary, lexemes FROM ts_debug('english', 'a running') WHERE alias <> 'blank'`, "asciiword|english_stem|{}", "asciiword|english_stem|{run}")
		s.want(`SELECT ts_lexize('english_stem', 'stars'), ts_lexize('english_stem', 'the'), ts_lexize('simple', 'Stars')`, "{star}|{}|{stars}")
	})
	a.run("Dictionaries", func(s *session) {
		s.exec(`CREATE TEXT SEARCH DICTIONARY stops (TEMPLATE = simple, STOPWORDS = english, ACCEPT = false);
			CREATE TEXT SEARCH CONFIGURATION mine (COPY = english);
			ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR asciiword WITH stops, simple;
			CREATE TEXT SEARCH DICTIONARY syn (TEMPLATE = synonym, SYNONYMS = synonym_sample);
			CREATE TEXT SEARCH DICTIONARY isp (TEMPLATE = ispell, DictFile = ispell_sample, AffFile = ispell_sample, StopWords = english);
			CREATE TEXT SEARCH DICTIONARY th (TEMPLATE = thesaurus, DictFile = thesaurus_sample, Dictionary = english_stem)`)
		s.want(`SELECT to_tsvector('mine', 'the running dogs')`, `'dogs':3 'running':2`)
		s.want(`SELECT ts_lexize('syn', 'postgres'), ts_lexize('isp', 'bookings'), ts_lexize('isp', 'footballklubber')`, `{pgsql}|{booking,book}|{footballklubber,foot,ball,klubber,football,klubber}`)
		s.exec(`ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR asciiword WITH th, english_stem`)
		s.want(`SELECT to_tsquery('mine', '''supernovae stars''')`, `'sn'`)
		s.exec(`SET default_text_search_config = 'simple'`)
		s.want(`SELECT to_tsvector('The Dogs')`, `'dogs':2 'the':1`)
	})
	a.run("Indexes", func(s *session) {
		s.exec(`CREATE TABLE docs (id int, body text, v tsvector GENERATED ALWAYS AS (to_tsvector('english', body)) STORED);
			INSERT INTO docs (id, body) SELECT i, 'document number ' || i || CASE WHEN i % 100 = 0 THEN ' about elephants' ELSE ' about mice' END FROM generate_series(1, 2000) AS i;
			CREATE INDEX docs_gin ON docs USING gin (v); CREATE INDEX docs_gist ON docs USING gist (v); ANALYZE docs; SET enable_seqscan = off`)
		for _, other := range []string{"docs_gist", "docs_gin"} {
			s.exec(`BEGIN; DROP INDEX ` + other)
			s.want(`SELECT count(*), max(id) FROM docs WHERE v @@ to_tsquery('english', 'elephant & document')`, "20|2000")
			s.exec(`ROLLBACK`)
		}
		s.exec(`DROP INDEX docs_gist`)
		s.plans(`SELECT * FROM docs WHERE v @@ 'eleph'`, "Bitmap Index Scan on docs_gin")
	})
	a.run("UpdateTrigger", func(s *session) {
		s.exec(`CREATE TABLE m (title text, body text, v tsvector);
			CREATE TRIGGER up BEFORE INSERT OR UPDATE ON m FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(v, 'pg_catalog.english', title, body);
			INSERT INTO m VALUES ('Title here', 'the bodies')`)
		s.want(`SELECT v FROM m`, `'bodi':4 'titl':1`)
		s.want(`SELECT word, ndoc, nentry FROM ts_stat('SELECT v FROM m') ORDER BY 1`, "bodi|1|1", "titl|1|1")
	})
}
