package conformance

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// testSizes checks large messages, values, rows, statements and identifiers.
func testSizes(a *area) {
	sizes := []int{8 << 10, 1 << 20, 5 << 20, 12 << 20}
	if !testing.Short() {
		sizes = append(sizes, 128<<20)
	}
	for _, size := range sizes {
		a.run(fmt.Sprintf("Literal_%d", size), func(s *session) {
			text := filler(size)
			s.want(`SELECT octet_length(v), md5(v) FROM (SELECT '`+text+`'::text) x (v)`, fmt.Sprintf("%d|%s", size, md5Of(text)))
		})
		a.run(fmt.Sprintf("Parameter_%d", size), func(s *session) {
			text := []byte(filler(size))
			r := s.pg.ExecParams(s.ctx, `SELECT octet_length($1::text), md5($1), $1`, [][]byte{text}, nil, nil, nil).Read()
			require.NoError(s, r.Err)
			require.Equal(s, fmt.Sprint(size), string(r.Rows[0][0]))
			require.Equal(s, md5Of(string(text)), string(r.Rows[0][1]))
			require.Equal(s, md5Of(string(text)), md5Of(string(r.Rows[0][2])))
		})
	}
	a.run("BinaryParameter", func(s *session) {
		data := make([]byte, 10<<20)
		for i := range data {
			data[i] = byte(i * 7)
		}
		s.exec(`CREATE TABLE t (b bytea)`)
		_, err := s.conn.Exec(s.ctx, `INSERT INTO t VALUES ($1)`, data)
		require.NoError(s, err)
		var back []byte
		require.NoError(s, s.conn.QueryRow(s.ctx, `SELECT b FROM t`, pgx.QueryResultFormats{pgx.BinaryFormatCode}).Scan(&back))
		require.Equal(s, md5Of(string(data)), md5Of(string(back)))
		s.want(`SELECT md5(b), length(b), substring(b FROM 1000 FOR 4) FROM t`, md5Of(string(data))+`|10485760|\x`+hex.EncodeToString(data[999:1003]))
	})
	a.run("Toast", func(s *session) {
		s.exec(`CREATE TABLE t (id int, plain text, packed text, external text); ALTER TABLE t ALTER external SET STORAGE EXTERNAL; ALTER TABLE t ALTER plain SET STORAGE MAIN`)
		s.exec(`INSERT INTO t SELECT i, repeat('p', 3000), repeat('abc', 50000), repeat(md5(i::text), 3000) FROM generate_series(1, 20) AS i`)
		s.want(`SELECT count(*), sum(length(packed)), sum(length(external)), bool_and(external = repeat(md5(id::text), 3000)) FROM t`, "20|3000000|1920000|t")
		s.want(`SELECT substring(external FROM 32001 FOR 5) = left(md5('7'), 5), pg_column_size(packed) < 10000 FROM t WHERE id = 7`, "t|t")
		s.exec(`UPDATE t SET id = id + 100; DELETE FROM t WHERE id > 110`)
		s.exec(`VACUUM t`)
		s.want(`SELECT count(*), bool_and(external = repeat(md5((id - 100)::text), 3000)) FROM t`, "10|t")
		s.exec(`ALTER TABLE t ALTER packed SET COMPRESSION pglz; INSERT INTO t (id, packed) VALUES (1, repeat('z', 100000))`)
		s.want(`SELECT pg_column_compression(packed), length(packed) FROM t WHERE id = 1`, "pglz|100000")
	})
	a.run("RowsOfManySizes", func(s *session) {
		for _, c := range []struct{ rows, size int }{{1000, 100}, {100_000, 100}, {1000, 10_000}, {200, 100_000}} {
			rows, err := s.conn.Query(s.ctx, `SELECT repeat(chr(97 + i % 26), $2) FROM generate_series(0, $1 - 1) AS i`, c.rows, c.size)
			require.NoError(s, err)
			i, total := 0, 0
			for rows.Next() {
				value := rows.RawValues()[0]
				require.Equal(s, byte('a'+i%26), value[len(value)-1])
				i++
				total += len(value)
			}
			require.NoError(s, rows.Err())
			require.Equal(s, c.rows, i)
			require.Equal(s, c.rows*c.size, total)
		}
	})
	a.run("ManyColumns", func(s *session) {
		columns, values := make([]string, 1600), make([]string, 1600)
		for i := range columns {
			columns[i], values[i] = fmt.Sprintf("c%d int", i), fmt.Sprint(i)
		}
		s.exec(`CREATE TABLE wide (` + strings.Join(columns, ",") + `)`)
		s.exec(`INSERT INTO wide VALUES (` + strings.Join(values, ",") + `)`)
		s.want(`SELECT * FROM wide`, strings.Join(values, "|"))
		e := s.fails("54011", `ALTER TABLE wide ADD COLUMN one_more int`)
		require.Equal(s, "tables can have at most 1600 columns", e.Message)
		s.fails("54011", `SELECT `+strings.TrimSuffix(strings.Repeat("1,", 1665), ","))
	})
	a.run("RowTooWide", func(s *session) {
		s.exec(`CREATE TABLE t (` + strings.TrimSuffix(numbered(300, "c%d char(60)"), ",") + `)`)
		s.exec(`ALTER TABLE t ` + strings.TrimSuffix(numbered(300, "ALTER c%d SET STORAGE PLAIN"), ","))
		e := s.fails("54000", `INSERT INTO t VALUES (`+strings.TrimSuffix(strings.Repeat("'x',", 300), ",")+`)`)
		require.Contains(s, e.Message, "row is too big")
	})
	a.run("Identifiers", func(s *session) {
		long := strings.Repeat("n", 70)
		s.exec(`CREATE TABLE ` + long + ` (a int)`)
		require.Equal(s, "42622", s.lastNotice().Code)
		s.want(`SELECT length(relname) FROM pg_class WHERE oid = '`+long[:63]+`'::regclass`, "63")
		s.exec(`SELECT a FROM ` + long)
		// A name is cut between characters.
		s.exec(`CREATE TABLE "` + strings.Repeat("ä", 40) + `" ("Spalte mit ""Namen""" int, "SELECT" int)`)
		s.want(`SELECT length(relname), octet_length(relname) FROM pg_class WHERE relnamespace = current_schema::regnamespace AND relname LIKE 'ä%'`, "31|62")
		s.want(`SELECT "Spalte mit ""Namen""" FROM "` + strings.Repeat("ä", 31) + `"`)
		s.fails("42601", `CREATE TABLE "" (a int)`)
		s.exec(`CREATE TABLE CamelCase (UPPER int)`)
		s.want(`SELECT upper FROM camelcase`)
		s.fails("42P01", `SELECT 1 FROM "CamelCase"`)
	})
	a.run("LongStatements", func(s *session) {
		const rows = 20_000
		s.exec(`CREATE TABLE t (a int, b text); INSERT INTO t VALUES ` + strings.TrimSuffix(numbered(rows, "(%d, 'value')"), ","))
		s.want(`SELECT count(*), sum(a) FROM t`, "20000|199990000")
		s.want(`SELECT count(*) FROM t WHERE a IN (`+strings.TrimSuffix(numbered(10_000, "%d"), ",")+`)`, "10000")
		s.want(`SELECT ` + strings.TrimSuffix(numbered(1000, "%d"), ",") + ` LIMIT 0`)
		s.want(`/*`+strings.Repeat("comment ", 100_000)+`*/ SELECT 1`, "1")
		script := strings.Repeat("SELECT 1;", 2000)
		require.Len(s, s.query(script), 2000)
	})
	a.run("ManyObjects", func(s *session) {
		s.exec(`DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('CREATE TABLE many_%s (a int PRIMARY KEY, b text)', i); END LOOP; END $$`)
		s.exec(`DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('INSERT INTO many_%s VALUES (1)', i); END LOOP; END $$`)
		s.want(`SELECT count(*) FROM pg_class WHERE relnamespace = current_schema::regnamespace AND relkind = 'r'`, "200")
		s.exec(`DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('DROP TABLE many_%s', i); END LOOP; END $$`)
	})
	a.run("MessageMemoryIsFreed", func(s *session) {
		s.exec(`CREATE TABLE t (a text)`)
		for range 100 {
			s.exec(`INSERT INTO t VALUES ($1)`, filler(100_000))
		}
		s.want(`SELECT used_bytes < 5 * 1024 * 1024 FROM pg_backend_memory_contexts WHERE name = 'MessageContext' ORDER BY level LIMIT 1`, "t")
	})
}

// filler returns text of a length in bytes, without anything that SQL would have quoted.
func filler(size int) string {
	const unit = "The quick brown fox jumps over the lazy dog 0123456789. "
	return strings.Repeat(unit, size/len(unit)+1)[:size]
}

// numbered joins n copies of a format of one number, each followed by a comma.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+",", i)
	}
	return b.String()
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
