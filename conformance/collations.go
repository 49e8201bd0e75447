package conformance

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// icuAttributes are the settings of a collation as BCP 47 writes them (Unicode Technical Standard #35, part 5), and what
// follows: texts of which each sorts before the next, and such as are equal to each other.
var icuAttributes = []struct {
	locale, order, equal string
}{
	{"und", "_|$|1|a|A|á|Á|a b|a-b|ab|b|B|cote|coté|côte|côté|α|я|あ", "é|e\u0301"},
	{"und-u-ks-level1", "a|b|c", "a|A|á|Á"},
	{"und-u-ks-level2", "a|á|b", "a|A"},
	{"und-u-ks-level3", "a|A|á|Á|b", "é|e\u0301"},
	{"und-u-ks-level4", "a|A|á|Á|b", "é|e\u0301|e\u0001\u0301"},
	{"und-u-ks-identic", "a|a\u0001|A", "é|e\u0301"},
	{"und-u-kn-true", "a1|a9|a10|a100", "a1|a01|a001"},
	{"und-u-kn-false", "a1|a10|a9", ""},
	{"und-u-kf-upper", "A|a|B|b", ""},
	{"und-u-kf-lower", "a|A|b|B", ""},
	{"und-u-ka-noignore", "a b|a-b|ab", ""},
	{"und-u-ka-shifted", "a|ab|ac", "ab|a b|a-b|a'b"},
	{"und-u-ka-shifted-ks-level4", "a b|a-b|ab|ac", ""},
	{"und-u-ka-shifted-kv-space", "a-b|ab", "ab|a b"},
	{"und-u-ka-shifted-kv-punct", "a+b|ab", "ab|a b|a-b"},
	{"und-u-ka-shifted-kv-symbol", "a$b|ab", "ab|a b|a-b|a+b"},
	{"und-u-ka-shifted-kv-currency", "a1b|ab", "ab|a b|a-b|a+b|a$b"},
	{"und-u-kb-true", "cote|côte|coté|côté", ""},
	{"und-u-kc-true-ks-level1", "a|A|b|B", "a|á"},
	{"und-u-kk-true", "a|b", "a\u0301\u0323|a\u0323\u0301|ạ\u0301"},
	{"und-u-kr-grek-latn", "1|α|a|я", ""},
	{"und-u-kr-cyrl-latn", "1|я|a|α", ""},
	{"und-u-kf-upper-kn-true-ks-level3", "A1|a1|A9|a9|a10", ""},
	{"und@colStrength=secondary;colNumeric=yes", "a1|a9|a10", "a|A"},
	{"en-US-u-kn-true", "a1|a9|a10", ""},
	{"de-DE-u-ks-level1", "a|b|ss|z", "a|ä|A"},
}

// testCollations checks the collations of ICU beyond the root's order.
func testCollations(a *area) {
	a.run("Attributes", func(s *session) {
		s.needsICU()
		for _, c := range icuAttributes {
			s.sub(c.locale, func(s *session) {
				s.exec(`CREATE COLLATION x (provider = icu, locale = '` + c.locale + `', deterministic = false)`)
				defer s.exec(`DROP COLLATION x`)
				s.compares("<", c.order)
				s.compares("=", c.equal)
				s.want(`SELECT array_agg(w ORDER BY w COLLATE x DESC) = array_agg(w ORDER BY n DESC)
					FROM unnest(string_to_array('`+quoted(c.order)+`', '|')) WITH ORDINALITY AS u (w, n)`, "t")
			})
		}
	})
	a.run("AttributeErrors", func(s *session) {
		s.needsICU()
		for _, locale := range []string{"und-u-ks-foo", "und-u-kr-qqqq", "und-u-kv-foo"} {
			s.someError(`CREATE COLLATION x (provider = icu, locale = '` + locale + `')`)
		}
	})
	a.run("Unique", func(s *session) {
		s.needsICU()
		s.exec(`CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
			CREATE COLLATION ai (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
			CREATE TABLE t (a text COLLATE ci UNIQUE, b text COLLATE ai); CREATE UNIQUE INDEX ON t (b);
			INSERT INTO t VALUES ('Hello', 'Hello')`)
		s.want(`SELECT a = 'HELLO', a = 'héllo', b = 'HÉLLO' FROM t`, "t|f|t")
		s.fails("23505", `INSERT INTO t VALUES ('hELLO', 'a')`)
		s.fails("23505", `INSERT INTO t VALUES ('b', 'HÉLLO')`)
		s.exec(`INSERT INTO t VALUES ('héllo', 'c')`)
		s.want(`SELECT count(DISTINCT a COLLATE ai), count(DISTINCT a), count(*) FROM t`, "1|2|2")
		s.exec(`SET enable_seqscan = off`)
		s.want(`SELECT a FROM t WHERE a = 'HELLO'`, "Hello")
		s.want(`SELECT array_agg(a ORDER BY a) FROM t GROUP BY a COLLATE ai`, "{Hello,héllo}")
	})
	a.run("Patterns", func(s *session) {
		s.needsICU()
		s.needs(18, "LIKE with collations that are not deterministic")
		s.exec(`CREATE COLLATION ai (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`)
		s.want(`SELECT 'Résumé' LIKE 'resu%' COLLATE ai, 'Résumé' LIKE '%ME' COLLATE ai, 'Résumé' LIKE 'rasu%' COLLATE ai, replace('Résumé' COLLATE ai, 'E', 'i')`,
			"t|t|f|Risumi")
		s.fails("0A000", `SELECT 'Résumé' ~ 'resu' COLLATE ai`)
	})
	a.run("Rules", func(s *session) {
		s.needsICU()
		s.needs(16, "rules of collations")
		s.exec(`CREATE COLLATION x (provider = icu, locale = 'und', rules = '&a < z <<< Z & c < ch')`)
		s.compares("<", "a|z|Z|b|c|cz|ch|d")
		// PostgreSQL opens a collator of the rules, without the attributes of the locale.
		s.exec(`DROP COLLATION x; CREATE COLLATION x (provider = icu, locale = 'und-u-kn-true', rules = '&a < z', deterministic = false)`)
		s.compares("<", "a|z10|z2|b")
		s.fails("22023", `CREATE COLLATION y (provider = icu, locale = 'und', rules = '&')`)
	})
	a.run("OrderOfRoot", func(s *session) {
		s.needsICU()
		for _, locale := range []string{"en-US", "de-DE", "fr", "it", "nl", "pt-BR", "id"} {
			s.sub(locale, func(s *session) {
				s.notices = nil
				s.exec(`CREATE COLLATION x (provider = icu, locale = '` + locale + `')`)
				defer s.exec(`DROP COLLATION x`)
				assert.Empty(s, s.notices)
				s.compares("<", "a|A|ä|az|o|ö|oz|z")
				s.want(`SELECT count(*) FROM pg_collation WHERE collname = '`+locale+`-x-icu'`, "1")
			})
		}
	})
	a.run("Languages", func(s *session) {
		s.needsICU()
		for _, c := range []struct{ locale, order string }{
			{"sv", "z|å|ä|ö"},
			{"de-u-co-phonebk", "ad|ä|af"},
			{"es-u-co-trad", "cz|ch|d"},
			{"cs-CZ", "c|č|d|h|ch|i"},
			{"da-DK", "z|æ|ø|å"},
			{"nb-NO", "z|æ|ø|å"},
			{"zh-Hant-TW", "一|丁|三"},
			{"ja", "あ|ア|亜"},
			{"ru", "б|в|a"},
		} {
			s.sub(c.locale, func(s *session) {
				create := `CREATE COLLATION x (provider = icu, locale = '` + c.locale + `')`
				if s.target.RootCollationsOnly {
					err := s.fails("22023", create)
					require.Contains(s, err.Message, `could not open collator for locale "`+c.locale+`": U_MISSING_RESOURCE_ERROR`)
					return
				}
				s.exec(create)
				defer s.exec(`DROP COLLATION x`)
				s.compares("<", c.order)
			})
		}
	})
}

// compares checks that of texts, separated by |, each compares like this with the next under the collation x.
func (s *session) compares(operator, texts string) {
	s.Helper()
	list := strings.Split(texts, "|")
	for i, text := range list[1:] {
		s.want(`SELECT '`+quoted(list[i])+`' `+operator+` '`+quoted(text)+`' COLLATE x, '`+quoted(text)+`' `+operator+` '`+quoted(list[i])+`' COLLATE x`,
			map[string]string{"<": "t|f", "=": "t|t"}[operator])
	}
}

// quoted doubles the quotes in a text.
func quoted(text string) string { return strings.ReplaceAll(text, "'", "''") }
