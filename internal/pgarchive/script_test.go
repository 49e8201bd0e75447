package pgarchive

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// script is what an archive comes to, as pg_restore prints it.
func script(t testing.TB, r io.Reader, create bool) string {
	t.Helper()
	text, err := tryScript(r, create)
	require.NoError(t, err)
	return plain(text)
}

func tryScript(r io.Reader, create bool) (string, error) {
	a, err := New(r, create)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for {
		s, err := a.Next()
		if err == io.EOF {
			return b.String(), nil
		}
		if err != nil {
			return b.String(), err
		}
		b.WriteString(s.SQL)
		b.WriteString(s.Copy)
		if s.Data != nil {
			if _, err := io.Copy(&b, s.Data); err != nil {
				return b.String(), err
			}
		}
	}
}

var (
	unimportant = regexp.MustCompile(`(?m)^(--.*|\\(un)?restrict .*|SET transaction_timeout = 0;)?\n`)
	needless    = regexp.MustCompile(`"([a-z_][a-z0-9_$]*)"`)
	asTable     = regexp.MustCompile(`(?m)^ALTER (SEQUENCE|VIEW|MATERIALIZED VIEW) (.* OWNER TO )`)
	connects    = regexp.MustCompile(`(?m)^\\connect (?:-reuse-previous=on "dbname='([a-z]+)'"|(\w+))$`)
)

// plain is a script without what only people read, and with what can be said in
// two ways said in one: pg_dump quotes names only where they need it, and until
// 15 it says ALTER TABLE of views and sequences, too.
func plain(sql string) string {
	sql = needless.ReplaceAllString(unimportant.ReplaceAllString(sql, ""), "$1")
	sql = asTable.ReplaceAllString(sql, "ALTER TABLE $2")
	return connects.ReplaceAllString(sql, `\connect $1$2`)
}
