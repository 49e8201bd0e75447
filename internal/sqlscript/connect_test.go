package sqlscript

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Target{
		"":                                      {},
		"-":                                     {},
		"db":                                    {Database: "db"},
		`"my db" "my user"`:                     {Database: "my db", User: "my user"},
		"- bob":                                 {User: "bob"},
		`"-" bob`:                               {Database: "-", User: "bob"},
		`-reuse-previous=on "dbname='my d\'b'"`: {Database: "my d'b"},
		`"user = a\ b dbname=c"`:                {User: "a b", Database: "c"},
	} {
		args, err := Arguments(in)
		require.NoError(t, err, in)
		got, err := ConnectTarget(args)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for in, says := range map[string]string{
		"a b c":                  "it takes a database and a user",
		"host=x":                 "the connection string may have dbname and user, but not host",
		"dbname=x y":             "a connection string stands alone",
		`"dbname=x y"`:           `the connection string has no = after "y"`,
		`"dbname='x"`:            "the connection string has an unterminated quote",
		"postgres://localhost/x": `the connection string has no = after "postgres://localhost/x"`,
	} {
		args, err := Arguments(in)
		require.NoError(t, err, in)
		_, err = ConnectTarget(args)
		require.EqualError(t, err, says, in)
	}
}

func FuzzConnect(f *testing.F) {
	f.Add(`it's "my" \ db; $x`)
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || strings.ContainsAny(name, "\n\x00") { // which no database can be called, or psql connect to
			return
		}
		p := pieces(t, Connect(name))
		require.Len(t, p, 1)
		args, err := Arguments(p[0].Args)
		require.NoError(t, err)
		to, err := ConnectTarget(args)
		require.NoError(t, err)
		require.Equal(t, Target{Database: name}, to)
	})
}

func FuzzTarget(f *testing.F) {
	f.Add(`-reuse-previous=on "dbname='my d\'b' user=x"`)
	f.Fuzz(func(_ *testing.T, s string) {
		if args, err := Arguments(s); err == nil {
			ConnectTarget(args)
		}
	})
}
