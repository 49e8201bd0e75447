package conformance

import "strings"

// testExtensionText checks extensions for text and text search.
func testExtensionText(a *area) {
	a.extension("dict_int", func(s *session) {
		s.want(`SELECT ts_lexize('intdict', '40865854'), ts_lexize('intdict', '-12')`, "{408658}|{-12}")
		s.exec(`ALTER TEXT SEARCH DICTIONARY intdict (MAXLEN = 4, REJECTLONG = true)`)
		s.want(`SELECT ts_lexize('intdict', '12345'), ts_lexize('intdict', '123')`, "{}|{123}")
	})
	a.extension("dict_xsyn", func(s *session) {
		s.exec(`ALTER TEXT SEARCH DICTIONARY xsyn (RULES = 'xsyn_sample', KEEPORIG = true, MATCHORIG = true, KEEPSYNONYMS = true, MATCHSYNONYMS = false)`)
		s.want(`SELECT ts_lexize('xsyn', 'supernova'), ts_lexize('xsyn', 'grb')`, "{supernova,sn,sne,1987a}|∅")
		s.exec(`ALTER TEXT SEARCH DICTIONARY xsyn (RULES = 'xsyn_sample', KEEPORIG = false, MATCHSYNONYMS = true)`)
		s.want(`SELECT ts_lexize('xsyn', 'sn')`, "{sn,sne,1987a}")
	})
	a.extension("fuzzystrmatch", func(s *session) {
		s.want(`SELECT levenshtein('kitten', 'sitting'), levenshtein('GUMBO', 'GAMBOL', 2, 1, 1), levenshtein_less_equal('extensive', 'exhaustive', 2), soundex('kitten'), difference('Anne', 'Andrew'), metaphone('GUMBO', 4), dmetaphone('gumbo'), dmetaphone_alt('gumbo')`,
			"3|3|3|K350|2|KM|KMP|KMP")
		s.want(`SELECT levenshtein('äöü', 'äou')`, "2")
		s.fails("22023", `SELECT levenshtein('`+strings.Repeat("x", 256)+`', 'y')`)
	})
	a.extension("fuzzystrmatch", func(s *session) {
		s.needs(16, "daitch_mokotoff")
		s.want(`SELECT daitch_mokotoff('George'), daitch_mokotoff('Peters')`, "{595000}|{739400,734000}")
	})
	a.extension("unaccent", func(s *session) {
		s.want(`SELECT ts_lexize('unaccent', 'Hôtel'), unaccent('Hôtel'), unaccent('unaccent', 'Ælfred Łódź ß ﬁ'), unaccent('plain')`, "{Hotel}|Hotel|AElfred Lodz ss fi|plain")
		s.exec(`CREATE TEXT SEARCH CONFIGURATION fr (COPY = french); ALTER TEXT SEARCH CONFIGURATION fr ALTER MAPPING FOR hword, hword_part, word WITH unaccent, french_stem`)
		s.want(`SELECT to_tsvector('fr', 'Hôtels de la Mer') @@ to_tsquery('fr', 'hotel'), ts_headline('fr', 'Hôtel de la Mer', to_tsquery('fr', 'Hotels'))`, "t|<b>Hôtel</b> de la Mer")
	})
	a.extension("pgcrypto", func(s *session) {
		s.want(`SELECT encode(digest('test', 'sha1'), 'hex'), encode(hmac('test', 'key', 'sha1'), 'hex'), encode(digest('', 'md5'), 'hex'), encode(digest('abc', 'sha256'), 'hex')`,
			"a94a8fe5ccb19ba61c4c0873d391e987982fbbd3|671f54ce0c540f78ffe1e26dcf9c2a047aea4fda|d41d8cd98f00b204e9800998ecf8427e|ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
		s.want(`SELECT length(crypt('test', gen_salt('bf'))), crypt('U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.'), crypt('foox', 'NB'), crypt('pw', gen_salt('md5')) LIKE '$1$%', crypt('pw', gen_salt('xdes')) LIKE '_%'`,
			"60|$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW|NB53EGGqrrb5E|t|t")
		s.want(`SELECT v = crypt('secret', v), v = crypt('Secret', v) FROM (SELECT crypt('secret', gen_salt('bf', 5))) x (v)`, "t|f")
		s.want(`SELECT pgp_sym_decrypt(pgp_sym_encrypt('test', 'key'), 'key'), pgp_sym_decrypt(pgp_sym_encrypt('longer text ' || repeat('x', 10000), 'key', 'compress-algo=1, cipher-algo=aes256'), 'key') = 'longer text ' || repeat('x', 10000)`, "test|t")
		s.want(`SELECT encrypt('\x00112233445566778899aabbccddeeff', '\x000102030405060708090a0b0c0d0e0f', 'aes-ecb/pad:none')`, `\x69c4e0d86a7b0430d8cdb78070b4c55a`)
		s.want(`SELECT convert_from(decrypt(encrypt('data', 'sixteen byte key', 'aes'), 'sixteen byte key', 'aes'), 'UTF8'), convert_from(decrypt_iv(encrypt_iv('data', 'sixteen byte key', 'sixteen byte iv!', 'aes-cbc'), 'sixteen byte key', 'sixteen byte iv!', 'aes-cbc'), 'UTF8')`, "data|data")
		s.want(`SELECT length(gen_random_bytes(32)), gen_random_bytes(16) <> gen_random_bytes(16), gen_random_uuid() <> gen_random_uuid(), dearmor(armor('x'))`, `32|t|t|\x78`)
		s.fails("39000", `SELECT pgp_sym_decrypt(pgp_sym_encrypt('test', 'key'), 'wrong')`)
		s.fails("22023", `SELECT digest('x', 'nope')`)
	})
}
