package conformance

import (
	"bytes"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// testLargeObjects checks large objects, by pgx and by SQL.
func testLargeObjects(a *area) {
	a.run("ReadWriteSeek", func(s *session) {
		tx, err := s.conn.Begin(s.ctx)
		require.NoError(s, err)
		objects := tx.LargeObjects()
		oid, err := objects.Create(s.ctx, 0)
		require.NoError(s, err)
		object, err := objects.Open(s.ctx, oid, pgx.LargeObjectModeRead|pgx.LargeObjectModeWrite)
		require.NoError(s, err)
		n, err := object.Write([]byte("Hello, 世界"))
		require.NoError(s, err)
		require.Equal(s, 13, n)
		position, err := object.Seek(7, io.SeekStart)
		require.NoError(s, err)
		require.EqualValues(s, 7, position)
		rest, err := io.ReadAll(object)
		require.NoError(s, err)
		require.Equal(s, "世界", string(rest))
		position, err = object.Seek(-6, io.SeekEnd)
		require.NoError(s, err)
		require.EqualValues(s, 7, position)
		require.NoError(s, object.Truncate(5))
		position, err = object.Seek(0, io.SeekEnd)
		require.NoError(s, err)
		require.EqualValues(s, 5, position)
		require.NoError(s, object.Close())
		require.NoError(s, tx.Commit(s.ctx))

		require.Equal(s, "\\x48656c6c6f", s.value(`SELECT lo_get($1)`, oid))
		require.Equal(s, "1", s.value(`SELECT lo_unlink($1)`, oid))
	})
	a.run("Large", func(s *session) {
		chunk := bytes.Repeat([]byte("0123456789abcdef"), 64*1024)
		var oid uint32
		require.NoError(s, pgx.BeginFunc(s.ctx, s.conn, func(tx pgx.Tx) error {
			objects := tx.LargeObjects()
			var err error
			if oid, err = objects.Create(s.ctx, 0); err != nil {
				return err
			}
			object, err := objects.Open(s.ctx, oid, pgx.LargeObjectModeWrite)
			if err != nil {
				return err
			}
			for range 8 {
				if _, err := object.Write(chunk); err != nil {
					return err
				}
			}
			// A hole reads as zeros.
			if _, err := object.Seek(10<<20, io.SeekStart); err != nil {
				return err
			}
			_, err = object.Write([]byte("end"))
			return err
		}))
		require.Equal(s, fmt.Sprint(10<<20+3), s.value(`SELECT length(lo_get($1))`, oid))
		require.Equal(s, "\\x6566000000", s.value(`SELECT lo_get($1, 8388606, 2) || lo_get($1, 8388608, 3)`, oid))
		require.Equal(s, "\\x656e64", s.value(`SELECT lo_get($1, 10485760, 100)`, oid))
		s.exec(`SELECT lo_unlink($1)`, oid)
	})
	a.run("SQLFunctions", func(s *session) {
		oid := s.value(`SELECT lo_from_bytea(0, 'hello world')`)
		s.want(`SELECT convert_from(lo_get(`+oid+`), 'UTF8')`, "hello world")
		s.exec(`SELECT lo_put(` + oid + `, 6, 'WORLD!')`)
		s.want(`SELECT convert_from(lo_get(`+oid+`), 'UTF8')`, "hello WORLD!")
		s.exec(`BEGIN`)
		s.want(`SELECT convert_from(loread(lo_open(`+oid+`, 262144), 5), 'UTF8')`, "hello")
		s.exec(`COMMIT`)
		s.want(`SELECT lo_unlink(`+oid+`)`, "1")
		require.Equal(s, "large object "+oid+" does not exist", s.fails("42704", `SELECT lo_get(`+oid+`)`).Message)
	})
	a.run("RolledBack", func(s *session) {
		s.exec(`BEGIN`)
		oid := s.value(`SELECT lo_from_bytea(0, 'x')`)
		s.exec(`ROLLBACK`)
		s.fails("42704", `SELECT lo_get(`+oid+`)`)
	})
	a.run("Files", func(s *session) {
		file := s.serverFile("line\n")
		oid := s.value(`SELECT lo_import('` + file + `')`)
		s.want(`SELECT convert_from(lo_get(`+oid+`), 'UTF8')`, "line\n")
		s.exec(`SELECT lo_put(` + oid + `, 0, 'LINE')`)
		s.want(`SELECT lo_export(`+oid+`, '`+file+`')`, "1")
		s.want(`SELECT pg_read_file('`+file+`')`, "LINE\n")
		s.exec(`SELECT lo_unlink(` + oid + `)`)
	})
	a.run("Privileges", func(s *session) {
		role := s.name("role")
		s.exec(`CREATE ROLE ` + role)
		oid := s.value(`SELECT lo_from_bytea(0, 'secret')`)
		s.exec(`SET ROLE ` + role)
		s.fails("42501", `SELECT lo_get(`+oid+`)`)
		s.exec(`RESET ROLE; GRANT SELECT ON LARGE OBJECT ` + oid + ` TO ` + role + `; SET ROLE ` + role)
		s.want(`SELECT convert_from(lo_get(`+oid+`), 'UTF8')`, "secret")
		s.fails("42501", `SELECT lo_unlink(`+oid+`)`)
		s.exec(`RESET ROLE; SELECT lo_unlink(` + oid + `); DROP ROLE ` + role)
	})
}
