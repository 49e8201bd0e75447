package pglite_test

import (
	"bytes"
	"testing"

	"github.com/calfdb/calf/pglite/dump"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// Dumps are in the encoding that is asked for, and of databases of any
// encoding.
func TestDumpEncodings(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	exec(t, db, `CREATE TABLE "Größe" (a text); INSERT INTO "Größe" VALUES ('é ÿ')`)
	latin := dumpSQL(t, db, "--encoding=LATIN1")
	require.Contains(t, latin, "\nSET client_encoding = 'LATIN1';\n")
	require.Contains(t, latin, "\nCOPY public.\"Gr\xf6\xdfe\" (a) FROM stdin;\n\xe9 \xff\n\\.\n")
	exec(t, db, `INSERT INTO "Größe" VALUES ('日')`)
	err := db.DumpSQL(t.Context(), &bytes.Buffer{}, dump.SQLConfig{Args: []string{"--encoding=LATIN1"}})
	require.ErrorContains(t, err, `character with byte sequence 0xe6 0x97 0xa5 in encoding "UTF8" has no equivalent in encoding "LATIN1"`)

	again := open(t, pglite.Config{
		Init:     pglite.Init{Encoding: "LATIN1", Locale: "C"},
		Settings: map[string]string{"client_encoding": "UTF8"}, // otherwise it is the database's
	})
	require.Equal(t, "LATIN1", query[string](t, again, "SHOW server_encoding"))
	restoreSQL(t, again, latin, dump.RestoreSQLConfig{})
	require.Equal(t, "é ÿ", query[string](t, again, `SELECT a FROM "Größe"`))
	require.Equal(t, 3, query[int](t, again, `SELECT octet_length(a) FROM "Größe"`))
	require.Equal(t, latin, dumpSQL(t, again, "--encoding=LATIN1"))
	utf8 := dumpSQL(t, again)
	require.Contains(t, utf8, "\nCOPY public.\"Größe\" (a) FROM stdin;\né ÿ\n\\.\n")
	require.Contains(t, utf8, "\nSET client_encoding = 'UTF8';\n")
}

// A library that needs what PGlite leaves out is refused with an error that
// says so, and not by the name of a function. The session goes on.
func TestRefusedLibraries(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	conn, err := db.Connect(t.Context())
	require.NoError(t, err)
	defer conn.Close(t.Context())
	for sql, message := range map[string]string{
		`LOAD 'pgoutput'`:         "calf's PostgreSQL has no logical replication",
		`LOAD 'libpqwalreceiver'`: "calf's PostgreSQL has no replication",
		`CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p`: "calf's PostgreSQL has no replication",
	} {
		for range 2 {
			_, err := conn.Exec(t.Context(), sql)
			var e *pgconn.PgError
			require.ErrorAs(t, err, &e, sql)
			require.Equal(t, "0A000", e.Code, e.Message)
			require.Equal(t, message, e.Message)
			require.Contains(t, e.Detail, ".so\" needs symbols that PGlite leaves out: ")
		}
	}
	_, err = conn.Exec(t.Context(), `LOAD 'nonsense'`)
	require.ErrorContains(t, err, "58P01")
	_, err = conn.Exec(t.Context(), `LOAD 'plpgsql'`)
	require.NoError(t, err)
}
