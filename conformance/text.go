package conformance

import "github.com/stretchr/testify/require"

// testText checks encodings, collations and characters beyond ASCII.
func testText(a *area) {
	a.run("Unicode", func(s *session) {
		s.want(`SELECT length('漢字🐘é'), octet_length('漢字🐘é'), reverse('ab🐘'), substr('漢字🐘é', 3, 1), position('🐘' IN '漢字🐘é'), '🐘' || '漢'`, "4|12|🐘ba|🐘|3|🐘漢")
		s.want(`SELECT upper('straße éàü') LIKE '%ÉÀÜ', lower('ÀÉÎ ДОМ ΣΑΣ') LIKE 'àéî дом %', initcap('élan vital')`, "t|t|Élan Vital")
		s.want(`SELECT 'É' ILIKE 'é', 'É' ~* 'é', 'ДОМ' ILIKE 'дом', regexp_replace('naïve café', '[[:alpha:]]+', 'X', 'g')`, "t|t|t|X X")
		s.want(`SELECT ascii('𝄞'), chr(119070), U&'\+01D11E', E'\U0001D11E', E'\xF0\x9D\x84\x9E', to_hex(ascii('€'))`, "119070|𝄞|𝄞|𝄞|𝄞|20ac")
		s.exec(`CREATE TABLE "Größe" ("Länge" int, "名前" text); INSERT INTO "Größe" VALUES (1, '値')`)
		s.want(`SELECT "Länge", "名前" FROM "Größe"`, "1|値")
		s.want(`SELECT lpad('é', 3, '漢'), translate('日本語', '本', '🗾'), overlay('日本語' PLACING 'X' FROM 2), left('日本語', 2), '日本' < '日本語'`, "漢漢é|日🗾語|日X語|日本|t")
		s.want(`SELECT count(*) FROM generate_series(1, 55295) AS c WHERE ascii(chr(c)) = c`, "55295")
		s.fails("54000", `SELECT chr(55296)`)
		s.fails("54000", `SELECT chr(1114112)`)
	})
	a.run("Collations", func(s *session) {
		s.want(`SELECT string_agg(x, '' ORDER BY x COLLATE "C"), string_agg(x, '' ORDER BY x COLLATE "POSIX") FROM unnest('{b,B,a,A,é,_}'::text[]) AS x`, "AB_abé|AB_abé")
		s.want(`SELECT 'a' < 'B' COLLATE "ucs_basic", 'Z' < 'a' COLLATE "C"`, "f|t")
		s.exec(`CREATE TABLE t (a text COLLATE "C"); INSERT INTO t VALUES ('b'), ('B'), ('a'); CREATE INDEX ON t (a)`)
		s.want(`SELECT a FROM t ORDER BY a`, "B", "a", "b")
		s.want(`SELECT collation_name FROM information_schema.columns WHERE table_schema = current_schema AND table_name = 't'`, "C")
		s.fails("42P21", `SELECT 'a' COLLATE "C" || 'b' COLLATE "POSIX" < 'c'`)
		s.fails("42704", `SELECT 'a' COLLATE "nope"`)
		s.want(`SELECT pg_collation_for('a' COLLATE "C"), pg_collation_for(a) FROM t LIMIT 1`, `"C"|"C"`)
	})
	a.run("ICU", func(s *session) {
		s.needsICU()
		s.want(`SELECT string_agg(x, '' ORDER BY x COLLATE "und-x-icu") FROM unnest('{b,B,a,A,é,e,f,_}'::text[]) AS x`, "_aAbBeéf")
		s.exec(`CREATE TABLE t (a text COLLATE "und-x-icu"); INSERT INTO t VALUES ('b'), ('A'), ('a'), ('Z'); CREATE INDEX ON t (a); SET enable_seqscan = off; SET enable_sort = off`)
		s.want(`SELECT a FROM t ORDER BY a`, "a", "A", "b", "Z")
		s.want(`SELECT a FROM t WHERE a > 'A' ORDER BY a`, "b", "Z")
		s.want(`SELECT collversion IS NOT NULL FROM pg_collation WHERE collname = 'und-x-icu'`, "t")
	})
	a.run("ICUCase", func(s *session) {
		s.needsICU()
		s.want(`SELECT upper('ß' COLLATE "und-x-icu"), lower('ÀÉ' COLLATE "und-x-icu")`, "SS|àé")
	})
	a.run("ICUTitleCase", func(s *session) {
		s.needsICU()
		if s.target.RootCollationsOnly {
			s.someError(`SELECT initcap('ǆ élan' COLLATE "und-x-icu")`)
			return
		}
		s.want(`SELECT initcap('ǆ élan' COLLATE "und-x-icu")`, "ǅ Élan")
	})
	a.run("Builtin", func(s *session) {
		s.needs(17, "the builtin collation provider")
		s.want(`SELECT upper('é' COLLATE "pg_c_utf8"), 'a' < 'B' COLLATE "pg_c_utf8", lower('ΣΑΣ' COLLATE "pg_c_utf8")`, "É|f|σασ")
	})
	a.run("BuiltinFullCase", func(s *session) {
		s.needs(18, "the collation pg_unicode_fast")
		s.want(`SELECT upper('ß' COLLATE "pg_unicode_fast"), lower('ΣΑΣ' COLLATE "pg_unicode_fast"), casefold('Maße' COLLATE "pg_unicode_fast")`, "SS|σας|masse")
	})
	a.run("Encodings", func(s *session) {
		s.want(`SELECT getdatabaseencoding(), pg_client_encoding()`, "UTF8|UTF8")
		s.want(`SELECT convert_from('\xe697a5', 'UTF8'), convert_to('日', 'UTF8'), pg_char_to_encoding('UTF8'), length('\xe697a5'::bytea, 'UTF8')`, `日|\xe697a5|6|1`)
		s.exec(`SET client_encoding = 'SQL_ASCII'`)
		s.want(`SELECT 'abc', 'é'`, "abc|é")
		require.Equal(s, "SQL_ASCII", s.pg.ParameterStatus("client_encoding"))
		s.exec(`RESET client_encoding`)
		s.fails("22023", `SET client_encoding = 'nope'`)
		s.fails("22023", `SELECT convert_to('a', 'nope')`)
	})
	a.run("Normalization", func(s *session) {
		s.want(`SELECT normalize('ﬁ', NFKC), length(normalize('é', NFD)), 'é' IS NFD NORMALIZED, length(normalize('한', NFD)), length(normalize(normalize('한', NFD), NFC))`, "fi|2|f|3|1")
	})
}

// needsICU skips the case on a server without ICU.
func (s *session) needsICU() {
	s.Helper()
	if s.value(`SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'`) == "0" {
		s.Skip("no ICU collations")
	}
}
