package conformance

import (
	"bytes"
	_ "embed"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// clientEncodings are encodings of clients, with a text and its bytes in them.
var clientEncodings = []struct{ name, text, bytes string }{
	{"LATIN1", "Größe é ÿ", "Gr\xf6\xdfe \xe9 \xff"},
	{"LATIN2", "žluťoučký kůň", "\xbelu\xbbou\xe8k\xfd k\xf9\xf2"},
	{"LATIN3", "ĉiuĵaŭde", "\xe6iu\xbca\xfdde"},
	{"LATIN4", "ķīlis", "\xf3\xeflis"},
	{"LATIN5", "İşçi ğ", "\xdd\xfe\xe7i \xf0"},
	{"LATIN6", "Þingvellir ķ", "\xdeingvellir \xb6"},
	{"LATIN7", "ąžuolas", "\xe0\xfeuolas"},
	{"LATIN8", "Ŵŷ", "\xd0\xfe"},
	{"LATIN9", "5 € œ", "5 \xa4 \xbd"},
	{"LATIN10", "țară", "\xfear\xe3"},
	{"WIN866", "Мир", "\x8c\xa8\xe0"},
	{"WIN874", "ไทย", "\xe4\xb7\xc2"},
	{"WIN1250", "łódź", "\xb3\xf3d\x9f"},
	{"WIN1251", "Київ", "\xca\xe8\xbf\xe2"},
	{"WIN1252", "5 € „x“", "5 \x80 \x84x\x93"},
	{"WIN1253", "Αθήνα", "\xc1\xe8\xde\xed\xe1"},
	{"WIN1254", "ığdır", "\xfd\xf0d\xfdr"},
	{"WIN1255", "שלום", "\xf9\xec\xe5\xed"},
	{"WIN1256", "سلام", "\xd3\xe1\xc7\xe3"},
	{"WIN1257", "Šiauliai", "\xd0iauliai"},
	{"WIN1258", "đư ơ", "\xf0\xfd \xf5"},
	{"KOI8R", "Привет", "\xf0\xd2\xc9\xd7\xc5\xd4"},
	{"KOI8U", "Київ", "\xeb\xc9\xa7\xd7"},
	{"ISO_8859_5", "Мир", "\xbc\xd8\xe0"},
	{"ISO_8859_6", "سلام", "\xd3\xe4\xc7\xe5"},
	{"ISO_8859_7", "Αθήνα", "\xc1\xe8\xde\xed\xe1"},
	{"ISO_8859_8", "שלום", "\xf9\xec\xe5\xed"},
	{"EUC_JP", "日本 ｱ 丂", "\xc6\xfc\xcb\xdc \x8e\xb1 \x8f\xb0\xa1"},
	{"SJIS", "日本 ｱ ソ", "\x93\xfa\x96\x7b \xb1 \x83\x5c"},
	{"EUC_JIS_2004", "日本 か゚", "\xc6\xfc\xcb\xdc \xa4\xf7"},
	{"SHIFT_JIS_2004", "日本 か゚", "\x93\xfa\x96\x7b \x82\xf5"},
	{"EUC_CN", "中国", "\xd6\xd0\xb9\xfa"},
	{"GBK", "中國", "\xd6\xd0\x87\xf8"},
	{"GB18030", "中 🐘 é", "\xd6\xd0 \x949\xcb8 \xa8\xa6"},
	{"EUC_TW", "中國", "\xc4\xe3\xd9\xcf"},
	{"BIG5", "中國 功", "\xa4\xa4\xb0\xea \xa5\x5c"},
	{"EUC_KR", "한국", "\xc7\xd1\xb1\xb9"},
	{"UHC", "한국 뷁", "\xc7\xd1\xb1\xb9 \x94\xee"},
	{"JOHAB", "갸쟌햓", "\x88\xa1\xb8\xa5\xd0\xa4"}, // PostgreSQL takes no second bytes below 0xa1
	{"UTF8", "日本", "日本"},
	{"SQL_ASCII", "日本", "日本"},
}

// allConversions says what all of pg_conversion make of the same bytes: a line each, with the beginning of a hash.
//
//go:embed testdata/conversions.txt
var allConversions string

// testConversions checks conversions between encodings. The database's own is UTF8.
func testConversions(a *area) {
	a.run("Functions", func(s *session) {
		s.want(`SELECT convert_to('é', 'LATIN1'), convert_from('\xe9', 'LATIN1'), convert('\xc3a9', 'UTF8', 'LATIN1'), convert_to('日本', 'SJIS'), convert_from('\x93fa967b', 'SJIS'), convert_to('я', 'KOI8R')`,
			`\xe9|é|\xe9|\x93fa967b|日本|\xd1`)
		s.want(`SELECT convert('\x9e', 'WIN1250', 'LATIN2'), convert('\xbc', 'ISO_8859_5', 'KOI8R'), convert('\x93fa', 'SJIS', 'EUC_JP'), convert('\xc4e3', 'EUC_TW', 'BIG5'), convert('\xe9', 'LATIN1', 'MULE_INTERNAL')`,
			`\xbe|\xed|\xc6fc|\xa4a4|\x81e9`)
		s.want(`SELECT convert_from(convert_to(t, 'LATIN1'), 'LATIN1') = t FROM (SELECT string_agg(chr(i), '') AS t FROM generate_series(1, 255) AS i) AS x`, "t")
	})
	a.run("Errors", func(s *session) {
		for _, c := range []struct{ state, message, sql string }{
			{"22P05", `character with byte sequence 0xe6 0x97 0xa5 in encoding "UTF8" has no equivalent in encoding "LATIN1"`, `SELECT convert_to('x日', 'LATIN1')`},
			{"22P05", `character with byte sequence 0xf0 0x9f 0x90 0x98 in encoding "UTF8" has no equivalent in encoding "SJIS"`, `SELECT convert_to('🐘', 'SJIS')`},
			{"22P05", `character with byte sequence 0x81 in encoding "WIN1252" has no equivalent in encoding "UTF8"`, `SELECT convert_from('\x8141', 'WIN1252')`},
			{"22021", `invalid byte sequence for encoding "EUC_JP": 0xff 0x41`, `SELECT convert_from('\x41ff41', 'EUC_JP')`},
			{"22021", `invalid byte sequence for encoding "EUC_JP": 0xc6`, `SELECT convert_from('\x41c6', 'EUC_JP')`},
			{"22021", `invalid byte sequence for encoding "UTF8": 0xe9 0x41`, `SELECT convert('\xe941', 'UTF8', 'LATIN1')`},
			{"22021", `invalid byte sequence for encoding "LATIN1": 0x00`, `SELECT convert_from('\x4100', 'LATIN1')`},
			{"42883", `default conversion function for encoding "LATIN1" to "SJIS" does not exist`, `SELECT convert('\xe9', 'LATIN1', 'SJIS')`},
		} {
			require.Equal(s, c.message, s.fails(c.state, c.sql).Message)
		}
		s.want(`SELECT convert_to('ok', 'LATIN1')`, `\x6f6b`)
	})
	a.run("All", func(s *session) {
		s.exec(`CREATE FUNCTION outcome(src name, dst name, b bytea) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
				RETURN encode(convert(b, src, dst), 'hex');
			EXCEPTION WHEN others THEN
				RETURN SQLSTATE || ' ' || SQLERRM;
			END $$;
			CREATE TABLE bytes AS SELECT b, row_number() OVER () AS n FROM (
				SELECT set_byte('\x00', 0, i) AS b FROM generate_series(120, 255) AS i
				UNION ALL SELECT set_byte(set_byte('\x0000', 0, i), 1, j) FROM generate_series(129, 255, 17) AS i, generate_series(49, 255, 37) AS j
				UNION ALL SELECT set_byte(set_byte(substring(decode(md5(i::text), 'hex') for 3 + i % 2), 0, 128 + i % 128), 1, 128 + i / 2 % 128) FROM generate_series(1, 60) AS i) AS x;
			CREATE TABLE characters AS SELECT b, row_number() OVER () AS n FROM (
				SELECT convert_to(chr(i), 'UTF8') AS b FROM generate_series(161, 65535, 701) AS i WHERE i NOT BETWEEN 55296 AND 57343
				UNION ALL SELECT convert_to(chr(i), 'UTF8') FROM generate_series(65536, 200000, 30000) AS i
				UNION ALL SELECT convert_to(chr(i) || chr(j), 'UTF8') FROM unnest('{12363,12488,230,601,741}'::int[]) AS i, unnest('{12442,768,769,745,97}'::int[]) AS j) AS x`)
		got := s.query(`SELECT conname || ' ' || left(md5(string_agg(o, E'\n' ORDER BY n)), 12)
			FROM (SELECT conname, n, outcome(pg_encoding_to_char(conforencoding), pg_encoding_to_char(contoencoding), b) AS o
				FROM pg_conversion, LATERAL (SELECT * FROM bytes WHERE conforencoding <> 6 UNION ALL SELECT * FROM characters WHERE conforencoding = 6) AS r
				WHERE connamespace = 'pg_catalog'::regnamespace) AS x
			GROUP BY conname ORDER BY conname COLLATE "C"`)
		require.Equal(s, strings.TrimSpace(allConversions), strings.Join(got, "\n"))
	})
	a.run("Client", func(s *session) {
		for _, c := range clientEncodings {
			s.exec(`SET client_encoding = '` + c.name + `'`)
			require.Equal(s, c.name, s.pg.ParameterStatus("client_encoding"))
			want := s.value(`SELECT octet_length($1), $1`, c.bytes)
			_, echoed, _ := strings.Cut(want, "|")
			require.Equal(s, c.bytes, echoed, c.name)
			// A literal in a statement, a column's name, and a notice.
			s.want("SELECT '"+c.bytes+"'", c.bytes)
			require.Equal(s, `column "`+c.bytes+`" does not exist`, s.fails("42703", `SELECT "`+c.bytes+`"`).Message, c.name)
			s.exec(`SET client_encoding = 'UTF8'`)
			if c.name != "SQL_ASCII" {
				s.want(`SELECT convert_from('`+hexLiteral(c.bytes)+`', '`+c.name+`')`, c.text)
			}
		}
	})
	a.run("ClientErrors", func(s *session) {
		s.exec(`SET client_encoding = 'LATIN1'`)
		s.want("SELECT ascii('\xe9')", "233")
		s.fails("22P05", `SELECT chr(26085)`)
		s.fails("22P05", `SELECT 1 AS a FROM (SELECT chr(26085) AS b) AS t WHERE b = 'x' OR b::int = 1`) // in the error's text
		s.exec(`SET client_encoding = 'EUC_JP'`)
		s.fails("22021", "SELECT '\xff'")
		s.fails("22021", `SELECT $1::text`, "\xc6")
		s.want(`SELECT 1`, "1")
		s.exec(`RESET client_encoding`)
	})
	a.runWith("Startup", func(config *pgx.ConnConfig) { config.RuntimeParams["client_encoding"] = "LATIN1" }, func(s *session) {
		require.Equal(s, "LATIN1", s.pg.ParameterStatus("client_encoding"))
		s.want(`SELECT chr(233)`, "\xe9")
	})
	a.run("Copy", func(s *session) {
		s.exec(`CREATE TABLE t (a text)`)
		for _, c := range clientEncodings {
			lines := 100
			if slices.Contains([]string{"LATIN1", "EUC_JP", "SJIS", "GB18030", "UTF8"}, c.name) {
				lines = 100000 / len(c.bytes) // so many that a read of the server ends within a character
			}
			data := strings.Repeat(c.bytes+"\n", lines)
			require.EqualValues(s, lines, s.copyFrom(`COPY t FROM STDIN (ENCODING '`+c.name+`')`, strings.NewReader(data)), c.name)
			if c.name != "SQL_ASCII" {
				s.want(`SELECT DISTINCT a FROM t`, c.text)
			}
			require.True(s, data == string(s.copyTo(`COPY t TO STDOUT (ENCODING '`+c.name+`')`)), c.name)
			s.exec(`TRUNCATE t`)
		}
		_, err := s.pg.CopyFrom(s.ctx, bytes.NewReader([]byte("ok\n\xff\n")), `COPY t FROM STDIN (ENCODING 'EUC_KR')`)
		s.isError("22021", err, "COPY")
		s.want(`SELECT count(*) FROM t`, "0")
	})
	a.run("Create", func(s *session) {
		s.exec(`CREATE CONVERSION mine FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8`)
		s.exec(`CREATE DEFAULT CONVERSION mine2 FOR 'WIN1252' TO 'UTF8' FROM win_to_utf8`)
		s.want(`SELECT convert_from('\x80', 'WIN1252')`, "€")
		s.fails("42710", `CREATE CONVERSION mine FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8`)
		s.exec(`DROP CONVERSION mine; DROP CONVERSION mine2`)
	})
	a.run("Database", func(s *session) {
		for _, c := range []struct{ encoding, bytes, wrong, state string }{
			{"LATIN1", "\xe9", "日", "22P05"}, {"EUC_JP", "\xc6\xfc", "🐘", "22P05"}, {"WIN1252", "\x80", "日", "22P05"}, {"KOI8R", "\xd1", "é", "22P05"},
		} {
			name := s.name(strings.ToLower(c.encoding))
			s.exec(`CREATE DATABASE ` + name + ` ENCODING '` + c.encoding + `' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`)
			require.NoError(s, s.pg.Close(s.ctx))
			s.connect(func(config *pgx.ConnConfig) {
				config.Database = name
				config.RuntimeParams["client_encoding"] = "UTF8"
			})
			character := s.value(`SELECT convert_from('` + hexLiteral(c.bytes) + `', '` + c.encoding + `')`)
			s.exec(`CREATE TABLE t (a text); INSERT INTO t VALUES ('` + character + `')`)
			s.want(`SELECT getdatabaseencoding(), length(a), octet_length(a), convert_to(a, '`+c.encoding+`') = a::bytea FROM t`, c.encoding+"|1|"+s.value(`SELECT octet_length('`+hexLiteral(c.bytes)+`'::bytea)`)+"|t")
			s.want(`SELECT a FROM t`, character)
			s.fails(c.state, `INSERT INTO t VALUES ('`+c.wrong+`')`)
			s.exec(`SET client_encoding = '` + c.encoding + `'`)
			s.want(`SELECT a FROM t`, c.bytes)
			require.NoError(s, s.pg.Close(s.ctx))
			s.connect(nil)
			s.exec(`SET search_path TO ` + s.schema)
			s.exec(`DROP DATABASE ` + name + ` WITH (FORCE)`)
		}
	})
}

// hexLiteral is a bytea's text.
func hexLiteral(s string) string {
	const digits = "0123456789abcdef"
	b := []byte(`\x`)
	for i := range len(s) {
		b = append(b, digits[s[i]>>4], digits[s[i]&15])
	}
	return string(b)
}
