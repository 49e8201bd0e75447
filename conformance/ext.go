package conformance

import (
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// extension runs a case with an extension made in the session's schema and dropped afterwards. An extension that the
// database has already is used as it is, and stays.
func (a *area) extension(name string, test func(*session)) {
	a.Helper()
	a.run(name, func(s *session) {
		s.available(name)
		dropped := s.createExtension(name)
		test(s)
		if dropped {
			s.exec(`DROP EXTENSION "` + name + `" CASCADE`)
			s.want(`SELECT count(*) FROM pg_extension WHERE extname = '`+name+`'`, "0")
		}
	})
}

// library runs a case with a library loaded that is not an extension.
func (a *area) library(name string, test func(*session)) {
	a.Helper()
	a.run(name, func(s *session) {
		_, err := s.run(`LOAD '` + name + `'`)
		var pgErr *pgconn.PgError
		if errors.As(err, &pgErr) && pgErr.Code == "58P01" && !s.target.AllExtensions {
			s.Skipf("no library %s: %s", name, pgErr.Message)
		}
		require.NoError(s, err)
		test(s)
	})
}

// available skips the case if the server does not have an extension.
func (s *session) available(name string) {
	s.Helper()
	if s.server.extensions[name] {
		return
	}
	if s.target.AllExtensions {
		s.Fatalf("pg_available_extensions does not list %s", name)
	}
	s.Skipf("pg_available_extensions does not list %s", name)
}

// createExtension makes an extension, and reports whether it had to.
func (s *session) createExtension(name string) bool {
	s.Helper()
	if schemas := s.query(`SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = '` + name + `'`); len(schemas) > 0 {
		s.exec(`SELECT set_config('search_path', current_setting('search_path') || ', ` + schemas[0] + `', false)`)
		return false
	}
	s.wantTag("CREATE EXTENSION", `CREATE EXTENSION "`+name+`" CASCADE`)
	return true
}

// knownExtensions are the extensions that have a case of their own.
var knownExtensions = []string{
	"amcheck", "autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dict_int", "dict_xsyn", "earthdistance",
	"file_fdw", "fuzzystrmatch", "hstore", "insert_username", "intarray", "isn", "lo", "ltree", "moddatetime", "pageinspect",
	"pg_buffercache", "pg_freespacemap", "pg_logicalinspect", "pg_stat_statements", "pg_surgery", "pg_trgm",
	"pg_visibility", "pg_walinspect", "pgcrypto", "refint", "seg", "tablefunc", "tcn", "tsm_system_rows",
	"tsm_system_time", "unaccent", "uuid-ossp", "vector",
}

// testAllTogether checks that extensions do not get into each other's way in one session, in whichever order they come.
func testAllTogether(a *area) {
	const probe = `SELECT 'test1' <-> 'test', similarity('word', 'two words') > 0`
	orders := map[string][]string{"Alphabetic": knownExtensions}
	reversed := slices.Clone(knownExtensions)
	slices.Reverse(reversed)
	orders["Reversed"] = reversed
	for name, order := range orders {
		a.run(name, func(s *session) {
			var created []string
			for _, extension := range order {
				// What the database has already is somebody else's to try.
				if s.server.extensions[extension] && s.value(`SELECT count(*) FROM pg_extension WHERE extname = '`+extension+`'`) == "0" {
					s.exec(`CREATE EXTENSION "` + extension + `" CASCADE`)
					created = append(created, `"`+extension+`"`)
				}
			}
			if s.server.extensions["pg_trgm"] && slices.Contains(created, `"pg_trgm"`) {
				s.want(probe, "0.4285714|t")
			}
			if slices.Contains(created, `"hstore"`) {
				s.want(`SELECT 'a=>1'::hstore -> 'a'`, "1")
			}
			if slices.Contains(created, `"vector"`) {
				s.want(`SELECT '[1,2]'::vector <-> '[1,3]'`, "1")
			}
			s.exec(`DROP EXTENSION ` + strings.Join(created, ", ") + ` CASCADE`)
			s.want(`SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND NOT EXISTS (SELECT 1 FROM pg_extension e WHERE e.oid = refobjid)`, "0")
		})
	}
	a.run("Rollback", func(s *session) {
		s.available("hstore")
		s.exec(`BEGIN; CREATE EXTENSION hstore; SELECT 'a=>1'::hstore; ROLLBACK`)
		s.fails("42704", `SELECT 'a=>1'::hstore`)
		s.exec(`CREATE EXTENSION hstore`)
		s.want(`SELECT 'a=>1'::hstore`, `"a"=>"1"`)
		s.fails("42710", `CREATE EXTENSION hstore`)
		s.exec(`CREATE EXTENSION IF NOT EXISTS hstore; CREATE TABLE t (h hstore)`)
		require.Contains(s, s.fails("2BP01", `DROP EXTENSION hstore`).Detail, "column h of table t depends on type hstore")
		s.exec(`DROP EXTENSION hstore CASCADE`)
	})
	a.run("Versions", func(s *session) {
		s.want(`SELECT count(*) FROM pg_available_extension_versions v JOIN pg_available_extensions e USING (name) WHERE v.version = e.default_version AND e.name = 'plpgsql'`, "1")
		s.available("hstore")
		s.exec(`CREATE EXTENSION hstore VERSION '1.4'; ALTER EXTENSION hstore UPDATE`)
		s.want(`SELECT extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'hstore') FROM pg_extension WHERE extname = 'hstore'`, "t")
		s.exec(`DROP EXTENSION hstore`)
		s.fails("0A000", `CREATE EXTENSION no_such_extension`)
		s.fails("22023", `CREATE EXTENSION hstore VERSION '99.9'`)
		s.fails("58P01", `LOAD 'no_such_library'`)
		s.want(`SELECT 1`, "1")
	})
}
