package conformance

import (
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// typeValue is a value of a type as a client writes it, and as the server writes it back. Where out is empty, it is in.
type typeValue struct {
	in, out string
}

// typeCase is a type and values of it that text and binary form must keep.
type typeCase struct {
	name   string // the type as SQL writes it
	setup  string // what makes the type, if it is a user's
	needs  int
	noSend bool // the type has no binary form
	values []typeValue
}

// testTypes sends every value through every combination of formats. The binary form is what the server itself makes of
// the text, so what is compared is the server's send and receive functions, without any client's idea of them.
func testTypes(a *area) {
	for _, group := range []struct {
		name  string
		types []typeCase
	}{
		{"Numbers", numberTypes}, {"Strings", stringTypes}, {"Times", timeTypes}, {"Networks", networkTypes},
		{"Documents", documentTypes}, {"Geometry", geometryTypes}, {"Arrays", arrayTypes}, {"Ranges", rangeTypes},
		{"Composites", compositeTypes}, {"System", systemTypes},
	} {
		a.run(group.name, func(s *session) {
			s.exec(`SET bytea_output = hex; SET intervalstyle = postgres; SET datestyle = ISO, MDY; SET timezone = UTC;
				SET lc_monetary = 'C'; SET extra_float_digits = 1`)
			for _, c := range group.types {
				s.sub(strings.ReplaceAll(c.name, " ", "_"), func(s *session) { s.roundTrip(c) })
			}
		})
	}
}

func (s *session) roundTrip(c typeCase) {
	s.Helper()
	if c.needs > 0 {
		s.needs(c.needs, "the type "+c.name)
	}
	if c.setup != "" {
		s.exec(c.setup)
	}
	s.exec(`DROP TABLE IF EXISTS kept; CREATE TABLE kept (n serial, v ` + c.name + `)`)
	for _, value := range c.values {
		want := value.out
		if want == "" {
			want = value.in
		}
		s.roundTripValue(c, value.in, want)
	}
	s.roundTripValue(c, null, null)
	stored := s.query(`SELECT v FROM kept ORDER BY n`)
	require.Len(s, stored, len(c.values)+1)
	for i, value := range c.values {
		want := value.out
		if want == "" {
			want = value.in
		}
		require.Equal(s, want, stored[i], "stored %s", value.in)
	}
}

// roundTripValue writes a value as a literal, as a text parameter and as a binary parameter, reads it in both forms, and
// stores it.
func (s *session) roundTripValue(c typeCase, in, want string) {
	s.Helper()
	const text, binary = pgx.TextFormatCode, pgx.BinaryFormatCode
	literal := `NULL`
	parameter := []byte(nil)
	if in != null {
		literal = `'` + strings.ReplaceAll(in, `'`, `''`) + `'`
		parameter = []byte(in)
	}
	require.Equal(s, want, s.value(`SELECT `+literal+`::`+c.name), "literal %s", in)

	echo := `SELECT $1::` + c.name
	require.Equal(s, want, textOf(s.echo(echo, parameter, text, text)), "text parameter %s", in)
	s.exec(`INSERT INTO kept (v) VALUES ($1)`, parameterOf(parameter))
	if c.noSend {
		return
	}
	sent := s.echo(echo, parameter, text, binary)
	require.Equal(s, want, textOf(s.echo(echo, sent, binary, text)), "binary parameter %x of %s", sent, in)
	require.Equal(s, sent, s.echo(echo, sent, binary, binary), "binary form of %s", in)
}

// echo sends one parameter and returns the one value that comes back.
func (s *session) echo(sql string, parameter []byte, in, out int16) []byte {
	s.Helper()
	r := s.pg.ExecParams(s.ctx, sql, [][]byte{parameter}, nil, []int16{in}, []int16{out}).Read()
	require.NoError(s, r.Err, "%s with %q", sql, parameter)
	require.Len(s, r.Rows, 1)
	return r.Rows[0][0]
}

func textOf(value []byte) string {
	if value == nil {
		return null
	}
	return string(value)
}

func parameterOf(value []byte) any {
	if value == nil {
		return nil
	}
	return value
}
