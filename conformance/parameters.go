package conformance

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
)

// testParameters checks how the types of parameters are found, and how many there may be.
func testParameters(a *area) {
	a.run("Inference", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text, c numeric(5,2), d jsonb, e date[])`)
		for _, c := range []struct {
			sql    string
			params []uint32
		}{
			{`SELECT $1`, []uint32{pgtype.TextOID}},
			{`SELECT $1 + 1`, []uint32{pgtype.Int4OID}},
			{`SELECT $1 || 'x'`, []uint32{pgtype.TextOID}},
			{`SELECT $1::int8, $1`, []uint32{pgtype.Int8OID}},
			{`SELECT * FROM t WHERE a = $1 AND b LIKE $2`, []uint32{pgtype.Int4OID, pgtype.TextOID}},
			{`INSERT INTO t VALUES ($1, $2, $3, $4, $5)`, []uint32{pgtype.Int4OID, pgtype.TextOID, pgtype.NumericOID, pgtype.JSONBOID, pgtype.DateArrayOID}},
			{`UPDATE t SET d = $2 WHERE a = ANY($1)`, []uint32{pgtype.Int4ArrayOID, pgtype.JSONBOID}},
			{`SELECT * FROM t LIMIT $1 OFFSET $2`, []uint32{pgtype.Int8OID, pgtype.Int8OID}},
			{`SELECT coalesce($1, 1.5)`, []uint32{pgtype.NumericOID}},
			{`SELECT CASE WHEN $1 THEN 1 END`, []uint32{pgtype.BoolOID}},
			{`SELECT array_append($1, 1)`, []uint32{pgtype.Int4ArrayOID}},
			{`SELECT now() - $1::interval`, []uint32{pgtype.IntervalOID}},
			{`SELECT $3::text, $1::bool, $2::float8`, []uint32{pgtype.BoolOID, pgtype.Float8OID, pgtype.TextOID}},
		} {
			description, err := s.conn.Prepare(s.ctx, "", c.sql)
			require.NoError(s, err, c.sql)
			require.Equal(s, c.params, description.ParamOIDs, c.sql)
		}
		s.conn.DeallocateAll(s.ctx)
	})
	a.run("FieldDescriptions", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b varchar(7), c numeric(5,2), d timestamptz(3))`)
		description, err := s.conn.Prepare(s.ctx, "", `SELECT a, b, c AS renamed, d, a + 1, b || 'x' FROM t`)
		require.NoError(s, err)
		var fields []string
		table := s.value(`SELECT 't'::regclass::oid`)
		for _, field := range description.Fields {
			ours := fmt.Sprint(field.TableOID) == table
			fields = append(fields, fmt.Sprintf("%s oid=%d size=%d modifier=%d column=%d ours=%v",
				field.Name, field.DataTypeOID, field.DataTypeSize, field.TypeModifier, field.TableAttributeNumber, ours))
		}
		require.Equal(s, []string{
			"a oid=23 size=4 modifier=-1 column=1 ours=true",
			"b oid=1043 size=-1 modifier=11 column=2 ours=true",
			"renamed oid=1700 size=-1 modifier=327686 column=3 ours=true",
			"d oid=1184 size=8 modifier=3 column=4 ours=true",
			"?column? oid=23 size=4 modifier=-1 column=0 ours=false",
			"?column? oid=25 size=-1 modifier=-1 column=0 ours=false",
		}, fields)
	})
	a.run("MixedFormats", func(s *session) {
		result := s.pg.ExecParams(s.ctx, `SELECT $1::int4, $2::int4, $1::int4 + $2::int4`,
			[][]byte{{0, 0, 0, 40}, []byte("2")}, nil,
			[]int16{pgx.BinaryFormatCode, pgx.TextFormatCode},
			[]int16{pgx.TextFormatCode, pgx.BinaryFormatCode, pgx.TextFormatCode}).Read()
		require.NoError(s, result.Err)
		require.Equal(s, [][]byte{[]byte("40"), {0, 0, 0, 2}, []byte("42")}, result.Rows[0])
	})
	a.run("BinaryOfWrongLength", func(s *session) {
		for sqlstate, parameter := range map[string][]byte{"08P01": {0, 1}, "22P03": {0, 0, 0, 0, 1}} {
			result := s.pg.ExecParams(s.ctx, `SELECT $1::int4`, [][]byte{parameter}, nil, []int16{pgx.BinaryFormatCode}, nil).Read()
			s.isError(sqlstate, result.Err, "int4 of the wrong length")
		}
	})
	a.run("ManyParameters", func(s *session) {
		const most = 65535
		params := make([]string, most)
		args := make([]any, most)
		for i := range most {
			params[i] = fmt.Sprintf("$%d", i+1)
			args[i] = i
		}
		sql := `SELECT sum(x), count(*) FROM unnest(ARRAY[` + strings.Join(params, ",") + `]::int[]) AS x`
		require.Equal(s, "2147385345|65535", s.value(sql, args...))
	})
	a.run("TooManyParameters", func(s *session) {
		s.fails("42P02", `SELECT $65536`)
		s.fails("42P02", `SELECT $1`)
		s.fails("42P02", `SELECT $0`)
	})
	a.run("RepeatedAndOutOfOrder", func(s *session) {
		require.Equal(s, "b|a|b", s.value(`SELECT $2::text, $1::text, $2::text`, "a", "b"))
	})
	a.run("UtilityStatementsTakeNone", func(s *session) {
		s.fails("42P02", `CREATE TABLE t AS SELECT $1::int AS a; SELECT 1`)
		_, err := s.run(`SET application_name = $1`, "x")
		s.isError("42601", err, "SET with a parameter")
	})
	a.run("QueryModes", func(s *session) {
		for _, mode := range execModes {
			var sum int
			var text string
			err := s.conn.QueryRow(s.ctx, `SELECT $1::int + $2::int, $3::text`, mode, 1, 2, "it's").Scan(&sum, &text)
			require.NoError(s, err, mode)
			require.Equal(s, 3, sum, mode)
			require.Equal(s, "it's", text, mode)
		}
	})
}
