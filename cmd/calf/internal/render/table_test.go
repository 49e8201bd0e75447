package render

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
)

func text(name string) Column    { return Column{name, pgtype.TextOID} }
func integer(name string) Column { return Column{name, pgtype.Int4OID} }

var tables = []struct {
	name string
	result
}{
	{"no columns", result{nil, [][]any{{}, {}}}},
	{"no columns no rows", result{}},
	{"no rows", result{[]Column{text("a"), integer("number")}, nil}},
	{"one row", result{[]Column{integer("?column?")}, [][]any{{"1"}}}},
	{"alignment", result{
		[]Column{integer("i"), text("t"), {"n", pgtype.NumericOID}, {"b", pgtype.BoolOID}, {"m", moneyOID}, text("last")},
		[][]any{{"1", "x", "1.50", "t", "$1.00", "a"}, {"-1000", "long text", "NaN", "f", "$1,000.00", "longer"}},
	}},
	{"null", result{[]Column{integer("a"), text("b"), text("c")}, [][]any{{nil, nil, nil}, {"1", "", "x"}}}},
	{"centred header", result{[]Column{text("a"), text("ab"), text("abc")}, [][]any{{"12345", "12345", "1234"}}}},
	{"lines", result{
		[]Column{integer("i"), text("t"), integer("j"), text("u")},
		[][]any{{"1", "a\nbb\n\nc", "2", "x"}, {"2", "short", "3", "x\nyy\n"}, {"3", "a\nb", nil, "c\nd\ne"}, {"4", "\n", "5", ""}},
	}},
	{"lines in the header", result{[]Column{text("a\nlong one"), integer("b"), text("\n\nc\n")}, [][]any{{"1", "2", "3"}}}},
	{"wide characters", result{
		[]Column{text("名前"), text("ひらがな\nカナ"), text("x")},
		[][]any{{"田中", "ascii", "|"}, {"ｗｉｄｅ", "한국어", "|"}, {"ｶﾅ", "😀", "|"}, {"é", "e\u0301", "|"}, {"naïve", "a\u0308\u20dd", "|"}, {"ß", "ñandú", "|"}},
	}},
	{"control characters", result{
		[]Column{text("a"), text("b")},
		[][]any{{"a\tb", "\tx"}, {"12345678\tb", "1\t2\t3"}, {"a\rb", "\x01\x1b[0m\x7f"}, {"\u0085", "\u009f."}, {"a\r\nb", "\ta\n\tb"}},
	}},
	{"json", result{[]Column{{"j", pgtype.JSONOID}}, [][]any{{"{\n \"a\": 1\n}"}}}},
}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, tt := range tables {
		if len(tt.columns) == 0 {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			tt.print(t, NewTable(&b, TableOptions{}))
			requireLikePsql(t, tt.name, tt.query(), pickStdout, b.String())
		})
	}
}

func TestTableWithoutColumns(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := NewTable(&b, TableOptions{})
	for _, tt := range tables[:2] {
		tt.print(t, p)
	}
	requireLikePsql(t, "no columns", "SELECT FROM (VALUES (1), (2)) v;\nSELECT LIMIT 0;\n", pickStdout, b.String())
}

func TestTableWithNull(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	r := result{[]Column{integer("a"), text("b")}, [][]any{{nil, "x"}, {"1", nil}}}
	r.print(t, NewTable(&b, TableOptions{Null: "¤∅"}))
	requireLikePsql(t, "null text", "\\pset null '¤∅' \\\\\n"+r.query(), func(out, _ string) string {
		_, out, _ = strings.Cut(out, "\n") // what \pset says
		return out
	}, b.String())
}

func TestTableTags(t *testing.T) {
	t.Parallel()
	run := func(quiet bool) string {
		var b strings.Builder
		p := NewTable(&b, TableOptions{Quiet: quiet})
		require.NoError(t, p.Done("CREATE TABLE"))
		require.NoError(t, p.Done(""))
		require.NoError(t, p.Begin([]Column{integer("a")}))
		require.NoError(t, p.Row([][]byte{[]byte("1")}))
		require.NoError(t, p.End("INSERT 0 1"))
		require.NoError(t, p.Begin([]Column{integer("a")}))
		require.NoError(t, p.Row([][]byte{[]byte("1")}))
		require.NoError(t, p.Abort())
		return b.String()
	}
	script := "BEGIN;CREATE TEMP TABLE render_t (a int);\nINSERT INTO render_t VALUES (1) RETURNING a;ROLLBACK;\n"
	got := run(false)
	requireLikePsql(t, "tags", script, pickStdout, "BEGIN\n"+got+"ROLLBACK\n")
	require.Equal(t, " a \n---\n 1\n(1 row)\n\n", run(true))
}

// TestTableLikePsql prints results at random.
func TestTableLikePsql(t *testing.T) {
	t.Parallel()
	if _, _, ok := psql(t, ""); !ok {
		t.Skip("CALF_TEST_PSQL is not set")
	}
	r := rand.New(rand.NewPCG(3, 4))
	var script, got strings.Builder
	p := NewTable(&got, TableOptions{})
	for range 300 {
		res := randomResult(r)
		script.WriteString(res.query())
		res.print(t, p)
	}
	want, _, _ := psql(t, script.String())
	require.Equal(t, want, got.String())
}

// parts has no format characters: psql gives them no width since PostgreSQL 16.
var parts = []string{"a", "b", "long", " ", "\n", "\n", "\t", "\r", "\x01", "\x7f", "é", "名", "ア", "ｱ", "한", "\u0301", "\u0085", "😀", "—", "\u00a0", "ـ", "ท", "ำ", "🇩🇪", "👩", "㍿", "⏰", "☃"}

func randomResult(r *rand.Rand) result {
	value := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		return b.String()
	}
	var res result
	for range 1 + r.IntN(4) {
		res.columns = append(res.columns, Column{"x" + value(4), []uint32{pgtype.TextOID, pgtype.Int4OID}[r.IntN(2)]})
	}
	for range r.IntN(4) {
		row := make([]any, len(res.columns))
		for i, c := range res.columns {
			switch {
			case r.IntN(8) == 0:
			case c.Type == pgtype.Int4OID:
				row[i] = strings.TrimLeft(strings.Repeat("123", 1+r.IntN(3))[r.IntN(2):], "0")
			default:
				row[i] = value(12)
			}
		}
		res.rows = append(res.rows, row)
	}
	return res
}
