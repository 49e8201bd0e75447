package render

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	long := "select " + strings.Repeat("aaaaaaa, ", 8) + "oops, " + strings.Repeat("bbbbbbb, ", 8) + "c from (values (1)) v(aaaaaaa)"
	function := "select missing from nowhere"
	for _, tt := range []struct {
		name, sql string
		e         pgconn.PgError
	}{
		{"syntax error", "select 1 frm x;", pgconn.PgError{Message: `syntax error at or near "x"`, Position: 14}},
		{"on the second line", "select 1,\n\tnope;", pgconn.PgError{Message: `column "nope" does not exist`, Position: 12}},
		{"at the end", "select (1", pgconn.PgError{Message: "syntax error at end of input", Position: 10}},
		{"wide characters", "select '名前', é名 from pg_class;", pgconn.PgError{Message: `column "é名" does not exist`, Position: 14}},
		{"windows lines", "select 1,\r\nnope,\r\n2;", pgconn.PgError{Message: `column "nope" does not exist`, Position: 12}},
		{"long line", "select nope, " + strings.Repeat("1, ", 40) + "1;", pgconn.PgError{Message: `column "nope" does not exist`, Position: 8}},
		{"middle of a long line", long + ";", pgconn.PgError{
			Message: `column "oops" does not exist`, Position: int32(strings.Index(long, "oops")) + 1}},
		{"end of a long line", "select " + strings.Repeat("'名前', ", 20) + "nope;", pgconn.PgError{
			Message: `column "nope" does not exist`, Position: 8 + 6*20}},
		{"detail", "create temp table render_d (a int check (a > 0)); insert into render_d values (0);", pgconn.PgError{
			Message: `new row for relation "render_d" violates check constraint "render_d_a_check"`, Detail: "Failing row contains (0)."}},
		{"hint", "select lenght('a');", pgconn.PgError{
			Message: "function lenght(unknown) does not exist", Position: 8,
			Hint: "No function matches the given name and argument types. You might need to add explicit type casts."}},
		{"query and context", "do $$ begin execute '" + function + "'; end $$;", pgconn.PgError{
			Message: `relation "nowhere" does not exist`, InternalPosition: 21, InternalQuery: function,
			Where: "PL/pgSQL function inline_code_block line 1 at EXECUTE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			tt.e.Severity = "ERROR"
			require.NoError(t, Error(&b, &tt.e, tt.sql))
			requireLikePsql(t, "error "+tt.name, tt.sql, pickStderr, b.String())
		})
	}
	t.Run("notice", func(t *testing.T) {
		var b strings.Builder
		require.NoError(t, Notice(&b, &pgconn.Notice{Severity: "NOTICE", Message: "hello", Detail: "d", Hint: "h", Where: "w"}, ""))
		sql := "do $$ begin raise notice 'hello' using detail = 'd', hint = 'h'; end $$;"
		requireLikePsql(t, "notice", sql, pickStderr, b.String())
	})
}

// FuzzPosition checks that no position in no statement makes it panic.
func FuzzPosition(f *testing.F) {
	f.Add("select 1", 3)
	f.Add("a\r\n\tb", 4)
	f.Add("", 1)
	f.Add(strings.Repeat("名x", 100), 120)
	f.Fuzz(func(t *testing.T, sql string, position int) {
		out := string(appendPosition(nil, sql, position))
		if out != "" && !strings.HasSuffix(out, "^\n") {
			t.Fatalf("%q", out)
		}
	})
}
