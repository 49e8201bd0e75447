package sqlscript

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// pieces returns all pieces of a script, whose texts must make it up.
func pieces(t testing.TB, script string) []Piece {
	t.Helper()
	var all []Piece
	var raw strings.Builder
	s := NewScanner(strings.NewReader(script))
	for {
		p, err := s.Next()
		if err == io.EOF {
			require.Equal(t, script, raw.String())
			return all
		}
		require.NoError(t, err)
		require.NotEmpty(t, p.Raw)
		raw.WriteString(p.Raw)
		all = append(all, p)
	}
}

func statements(t testing.TB, script string) (sql []string) {
	for _, p := range pieces(t, script) {
		if p.Kind == Statement {
			sql = append(sql, p.SQL)
		}
	}
	return sql
}

var splits = []struct {
	name, script string
	want         []string
}{
	{"nothing", "", nil},
	{"blank", " \n\t-- c\n", nil},
	{"one", "select 1;", []string{"select 1;"}},
	{"two on a line", "select 1; select 2;", []string{"select 1;", "select 2;"}},
	{"no semicolon at the end", "select 1;\nselect 2\n", []string{"select 1;", "select 2"}},
	{"blank before", " -- c\n\n  select 1;", []string{"select 1;"}},
	{"a comment before", "/* c */ select 1;", []string{"/* c */ select 1;"}},
	{"empty statements", ";;", []string{";", ";"}},
	{"byte order mark", "\xef\xbb\xbfselect 1;", []string{"select 1;"}},
	{"windows lines", "select\r\n1;\r\nselect 2;", []string{"select\r\n1;", "select 2;"}},

	{"string", "select ';', 'it''s;', 2;", []string{"select ';', 'it''s;', 2;"}},
	{"string over lines", "select 'a;\nb;';", []string{"select 'a;\nb;';"}},
	{"backslash in a string", `select '\'; select 2;`, []string{`select '\';`, "select 2;"}},
	{"escape string", `select E'\';', e'\\'; select 2;`, []string{`select E'\';', e'\\';`, "select 2;"}},
	{"escape string and backslash at its end", "select e'\\\n;';", []string{"select e'\\\n;';"}},
	{"escape string goes on", "select e'a'\n  '\\';'; select 2;", []string{"select e'a'\n  '\\';';", "select 2;"}},
	{"escape string goes on after a comment", "select e'a' -- c\n'\\';';", []string{"select e'a' -- c\n'\\';';"}},
	{"escape string does not go on", "select e'a' '\\'; select 2;", []string{"select e'a' '\\';", "select 2;"}},
	{"block comment ends a string", "select e'a' /* c */\n'\\'; select 2;", []string{"select e'a' /* c */\n'\\';", "select 2;"}},
	{"e ends a name", `select the'\'; select 2;`, []string{`select the'\';`, "select 2;"}},
	{"e sticks to a number", `select 1e'\'; select 2;`, []string{`select 1e'\';`, "select 2;"}},
	{"e sticks to a decimal", `select 1.e'\', .5e'\'; 2;`, []string{`select 1.e'\', .5e'\';`, "2;"}},
	{"e after dots", `select 1..e'\';';`, []string{`select 1..e'\';';`}},
	{"sign of an exponent", "select 1e--;\n 2; 1e+e'\\';' ;", []string{"select 1e--;", "2;", "1e+e'\\';' ;"}},
	{"exponent", "select 1e+5e'a', 1e5--;\n;", []string{"select 1e+5e'a', 1e5--;\n;"}},
	{"other prefixes", `select b'\', X'\', n'\', u&'\'; 2;`, []string{`select b'\', X'\', n'\', u&'\';`, "2;"}},
	{"quoted name", `select ";", "a"";", U&";"; 2;`, []string{`select ";", "a"";", U&";";`, "2;"}},

	{"dollar quotes", "select $$;$$, $a$;$$;$b$;$a$; 2;", []string{"select $$;$$, $a$;$$;$b$;$a$;", "2;"}},
	{"dollar quotes over lines", "select $f$\n;\n$f$; 2;", []string{"select $f$\n;\n$f$;", "2;"}},
	{"delimiter within", "select $a$ $b$a$; 2;", []string{"select $a$ $b$a$;", "2;"}},
	{"dollar in a name", "select a$b$; select $b$;", []string{"select a$b$;", "select $b$;"}},
	{"parameter", "select $1$a$;$a$; select $1a$b$; 2;", []string{"select $1$a$;$a$;", "select $1a$b$;", "2;"}},
	{"no tag", "select $1a$, $ $; 2;", []string{"select $1a$, $ $;", "2;"}},
	{"tag of other letters", "select $é1$;$é1$;", []string{"select $é1$;$é1$;"}},

	{"comment in a line", "select 1 -- ;\n; 2;", []string{"select 1 -- ;\n;", "2;"}},
	{"comment at the end", "select 1; --", []string{"select 1;"}},
	{"block comment", "select /* ; /* ; */ ; */ 1; 2;", []string{"select /* ; /* ; */ ; */ 1;", "2;"}},
	{"block comment over lines", "select /*\n;\n*/ 1;", []string{"select /*\n;\n*/ 1;"}},
	{"slash star slash", "select /*/ ; */ 1;", []string{"select /*/ ; */ 1;"}},
	{"operators and comments", "select 1 +/*;*/ 2 +--;\n 3;", []string{"select 1 +/*;*/ 2 +--;\n 3;"}},
	{"quote in a comment", "select 1; -- it's\nselect 2;", []string{"select 1;", "select 2;"}},

	{"parentheses", "create rule r as do (select 1; select 2); 3;", []string{"create rule r as do (select 1; select 2);", "3;"}},
	{"too many closed", "select 1); 2;", []string{"select 1);", "2;"}},
	{"function body", "create function f() returns int\nbegin atomic select 1; select case when true then 2 end; end; 3;",
		[]string{"create function f() returns int\nbegin atomic select 1; select case when true then 2 end; end;", "3;"}},
	{"procedure body", "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC; SELECT 1; END; 2;",
		[]string{"CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC; SELECT 1; END;", "2;"}},
	{"transaction", "begin; select 1; end;", []string{"begin;", "select 1;", "end;"}},
	{"case outside a body", "create function f() return case when true then 1 end; 2;",
		[]string{"create function f() return case when true then 1 end;", "2;"}},

	{"unfinished string", "select 'a;\n", []string{"select 'a;"}},
	{"unfinished comment", "/* ;\n", []string{"/* ;"}},
	{"unfinished dollar quotes", "select $a$;", []string{"select $a$;"}},
	{"unfinished parenthesis", "select (1; select 2;", []string{"select (1; select 2;"}},
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, tt := range splits {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, statements(t, tt.script))
		})
	}
}

func TestEscapesInPlainStrings(t *testing.T) {
	t.Parallel()
	s := NewScanner(strings.NewReader(`select '\'; select '\';';`))
	p, err := s.Next()
	require.NoError(t, err)
	require.Equal(t, `select '\';`, p.SQL)
	s.Escapes = true
	p, err = s.Next()
	require.NoError(t, err)
	require.Equal(t, `select '\';';`, p.SQL)
}

func TestPieces(t *testing.T) {
	t.Parallel()
	require.Equal(t, []Piece{
		{Kind: Command, Raw: "-- a dump\n\\restrict abc \n", Line: 2, Name: "restrict", Args: "abc"},
		{Kind: Statement, Raw: "\ncopy t (a,\n b) from stdin;", SQL: "copy t (a,\n b) from stdin;", Line: 4, CopyIn: true},
		{Kind: Command, Raw: " \\connect - bob\n", Line: 5, Name: "connect", Args: "- bob"},
		{Kind: Command, Raw: "select 1 \\g\n", SQL: "select 1 ", Line: 6, Name: "g"},
		{Kind: Statement, Raw: "select 2", SQL: "select 2", Line: 7},
	}, pieces(t, "-- a dump\n\\restrict abc \n\ncopy t (a,\n b) from stdin; \\connect - bob\nselect 1 \\g\nselect 2"))
	require.Equal(t, []Piece{{Kind: Space, Raw: "-- c\n\n", Line: 2}}, pieces(t, "-- c\n\n"))
}

func TestCopyIn(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]bool{
		"COPY t FROM STDIN;":                         true,
		"/* c */ copy a.\"b\" (x) from stdin csv;":   true,
		"copy t from -- c\nstdin with (format csv);": true,
		"copy t from 'stdin';":                       false,
		"copy t from program 'stdin';":               false,
		"copy (select 1 from stdin) to stdout;":      false,
		"copy t from \"x\" stdin;":                   false,
		"copy t to stdout;":                          false,
		"select * from stdin;":                       false,
	} {
		require.Equal(t, want, pieces(t, script)[0].CopyIn, script)
	}
}

func TestData(t *testing.T) {
	t.Parallel()
	script := "copy t from stdin; select 1;\n1\ta\n\\.x\n\\N\n\\.\nselect 2;\ncopy t from stdin;\n\\.\ncopy t from stdin;\n3"
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r },
		"bytes": iotest.OneByteReader,
	} {
		t.Run(name, func(t *testing.T) {
			s := NewScanner(wrap(strings.NewReader(script)))
			var got []string
			for {
				p, err := s.Next()
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				if p.Kind == Statement {
					got = append(got, p.SQL)
				}
				if p.CopyIn {
					d, err := io.ReadAll(iotest.OneByteReader(s.Data(false)))
					require.NoError(t, err)
					got = append(got, string(d))
				}
			}
			require.Equal(t, []string{
				"copy t from stdin;", "1\ta\n\\.x\n\\N\n", "select 1;", "select 2;",
				"copy t from stdin;", "", "copy t from stdin;", "3",
			}, got)
			require.Equal(t, 10, s.number)
		})
	}
}

func TestDataWithLongLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100) // the mark comes at the start of a buffer, but not of a line
	in := strings.Repeat(long+"\n", 50) + strings.Repeat("y", 16) + "\\.\n\\.\nrest"
	r := bufio.NewReaderSize(strings.NewReader(in), 16)
	got, err := io.ReadAll(Data(r, false))
	require.NoError(t, err)
	require.Equal(t, strings.TrimSuffix(in, "\\.\nrest"), string(got))
}

func TestBinaryData(t *testing.T) {
	t.Parallel()
	s := NewScanner(strings.NewReader("copy t from stdin (format binary);\na\n\\.\nb"))
	_, err := s.Next()
	require.NoError(t, err)
	got, err := io.ReadAll(s.Data(true))
	require.NoError(t, err)
	require.Equal(t, "a\n\\.\nb", string(got))
	_, err = s.Next()
	require.NoError(t, err, "the rest of the line")
	_, err = s.Next()
	require.Equal(t, io.EOF, err)
}

func TestReadError(t *testing.T) {
	t.Parallel()
	s := NewScanner(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("select 1; select 2;"))))
	_, err := s.Next()
	require.ErrorIs(t, err, iotest.ErrTimeout)
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want []Argument
		err  string
	}{
		{in: ""},
		{in: " a  b\t", want: []Argument{{Text: "a"}, {Text: "b"}}},
		{in: `"my ""db"`, want: []Argument{{Text: `my "db`, Quoted: true}}},
		{in: `'it''s \'so\''`, want: []Argument{{Text: `it's 'so'`, Quoted: true}}},
		{in: `-reuse-previous=on "dbname='a b'"`, want: []Argument{{Text: "-reuse-previous=on"}, {Text: "dbname='a b'", Quoted: true}}},
		{in: `"a`, err: "unterminated quoted string"},
		{in: `a \\ b`, err: "a second backslash command on the line"},
	} {
		got, err := Arguments(tt.in)
		if tt.err != "" {
			require.EqualError(t, err, tt.err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, tt.want, got, tt.in)
	}
}
