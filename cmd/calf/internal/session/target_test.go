package session

import (
	"testing"

	"github.com/calfdb/calf/cmd/calf/internal/script"
	"github.com/stretchr/testify/require"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]address{
		"":                                      {},
		"-":                                     {},
		"db":                                    {database: "db"},
		`"my db" "my user"`:                     {database: "my db", user: "my user"},
		"- bob":                                 {user: "bob"},
		`"-" bob`:                               {database: "-", user: "bob"},
		`-reuse-previous=on "dbname='my d\'b'"`: {database: "my d'b"},
		`"user = a\ b dbname=c"`:                {user: "a b", database: "c"},
	} {
		args, err := script.Arguments(in)
		require.NoError(t, err, in)
		got, err := target(args)
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
		args, err := script.Arguments(in)
		require.NoError(t, err, in)
		_, err = target(args)
		require.EqualError(t, err, says, in)
	}
}

func FuzzTarget(f *testing.F) {
	f.Add(`-reuse-previous=on "dbname='my d\'b' user=x"`)
	f.Fuzz(func(_ *testing.T, s string) {
		if args, err := script.Arguments(s); err == nil {
			target(args)
		}
	})
}
