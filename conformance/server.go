package conformance

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// caseTimeout ends a case that hangs. No case comes near it.
const caseTimeout = 5 * time.Minute

// server is what the suite knows of the server it runs on.
type server struct {
	version    int             // server_version_num
	extensions map[string]bool // names in pg_available_extensions
}

// inspect asks a server what it is.
func inspect(t *testing.T, target Target) server {
	t.Helper()
	srv := server{extensions: map[string]bool{}}
	version := queryOnce(t, target, `SHOW server_version_num`)
	var err error
	srv.version, err = strconv.Atoi(version[0])
	require.NoError(t, err)
	for _, name := range queryOnce(t, target, `SELECT name FROM pg_available_extensions`) {
		srv.extensions[name] = true
	}
	if srv.version < 150000 {
		t.Fatalf("conformance: the server is version %s; the suites are for PostgreSQL 15 and later", version[0])
	}
	return srv
}

// catalog is a sorted list of the objects of a database that a case could leave behind.
type catalog []string

// inventory lists the objects of the database that are not PostgreSQL's own.
func inventory(t *testing.T, target Target) catalog {
	t.Helper()
	return queryOnce(t, target, `
		SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
		UNION ALL SELECT 'role ' || rolname FROM pg_roles
		UNION ALL SELECT 'database ' || datname FROM pg_database
		UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
		UNION ALL SELECT 'extension ' || extname FROM pg_extension
		UNION ALL SELECT 'large object ' || oid FROM pg_largeobject_metadata
		UNION ALL SELECT 'language ' || lanname FROM pg_language
		UNION ALL SELECT 'publication ' || pubname FROM pg_publication
		UNION ALL SELECT 'server ' || srvname FROM pg_foreign_server
		UNION ALL SELECT 'wrapper ' || fdwname FROM pg_foreign_data_wrapper
		UNION ALL SELECT 'replication slot ' || slot_name FROM pg_replication_slots
		UNION ALL SELECT 'setting of ' || setdatabase || '/' || setrole FROM pg_db_role_setting
		UNION ALL SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts
		UNION ALL SELECT 'relation ' || relname FROM pg_class
			WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'public')
		UNION ALL SELECT 'cast ' || oid FROM pg_cast WHERE oid >= 16384
		ORDER BY 1`)
}

// without returns the objects of c that are not in other.
func (c catalog) without(other catalog) []string {
	var left []string
	for _, object := range c {
		if _, found := slices.BinarySearch(other, object); !found {
			left = append(left, object)
		}
	}
	return left
}

// queryOnce opens a session for one query and returns its first column, sorted.
func queryOnce(t *testing.T, target Target, sql string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), caseTimeout)
	defer cancel()
	conn := target.Connect(ctx, t, nil)
	defer conn.Close(ctx)
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	require.NoError(t, err)
	var values []string
	for _, row := range results[0].Rows {
		values = append(values, string(row[0]))
	}
	slices.Sort(values)
	return values
}
