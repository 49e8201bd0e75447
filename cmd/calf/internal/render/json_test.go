package render

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	column := func(oid uint32) []Column { return []Column{{"x", oid}} }
	for _, tt := range []struct {
		name, want string
		result
	}{
		{"two rows", `[{"a":1,"b":"x"},{"a":null,"b":""}]`, result{
			[]Column{integer("a"), text("b")}, [][]any{{"1", "x"}, {nil, ""}}}},
		{"no rows", `[]`, result{[]Column{integer("a")}, nil}},
		{"no columns", `[{},{}]`, result{nil, [][]any{{}, {}}}},
		{"integers", `[{"x":-9223372036854775808}]`, result{column(pgtype.Int8OID), [][]any{{"-9223372036854775808"}}}},
		{"numeric", `[{"x":1.50},{"x":"NaN"},{"x":"-Infinity"},{"x":123456789012345678901234567890.000}]`, result{
			column(pgtype.NumericOID), [][]any{{"1.50"}, {"NaN"}, {"-Infinity"}, {"123456789012345678901234567890.000"}}}},
		{"double", `[{"x":1e+100},{"x":-1.5e-07},{"x":"Infinity"}]`, result{
			column(pgtype.Float8OID), [][]any{{"1e+100"}, {"-1.5e-07"}, {"Infinity"}}}},
		{"not a number of JSON", `[{"x":"01"},{"x":"1 "},{"x":""}]`, result{
			column(pgtype.NumericOID), [][]any{{"01"}, {"1 "}, {""}}}},
		{"boolean", `[{"x":true},{"x":false}]`, result{column(pgtype.BoolOID), [][]any{{"t"}, {"f"}}}},
		{"json", `[{"x":{"a":[1,"\u00e9 <"]}},{"x":null},{"x":"{"}]`, result{
			column(pgtype.JSONOID), [][]any{{"{\n \"a\": [1, \"\\u00e9 <\"]\n}"}, {"null"}, {"{"}}}},
		{"others", `[{"x":"{1,2}"}]`, result{column(pgtype.Int4ArrayOID), [][]any{{"{1,2}"}}}},
		{"strings", `[{"x":"\"\\\n\r\t\u0001\u007f<é名😀\ufffd"}]`, result{
			column(pgtype.TextOID), [][]any{{"\"\\\n\r\t\x01\x7f<é名😀\xff"}}}},
		{"same names", `[{"a":1,"a_3":2,"a_2":3,"a_4":4,"b\"":5}]`, result{
			[]Column{integer("a"), integer("a"), integer("a_2"), integer("a"), integer(`b"`)},
			[][]any{{"1", "2", "3", "4", "5"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			p := NewJSON(&b)
			tt.print(t, p)
			require.Equal(t, strings.ReplaceAll(tt.want, `\ufffd`, "\ufffd")+"\n", b.String())
			require.NoError(t, p.Done("CREATE TABLE"))
			require.True(t, json.Valid([]byte(b.String())))
		})
	}
}

func TestAbortedJSON(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := NewJSON(&b)
	require.NoError(t, p.Begin([]Column{integer("a")}))
	require.NoError(t, p.Row([][]byte{[]byte("1")}))
	require.NoError(t, p.Abort())
	require.Equal(t, "[{\"a\":1}\n", b.String())
}

// FuzzPrinters gives the printers whatever might come as names and values. What
// JSON prints must be JSON, on one line.
func FuzzPrinters(f *testing.F) {
	f.Add("a", "b", []byte("1"), []byte("x\ny"), uint32(pgtype.Int4OID))
	f.Add("a", "a", []byte(`{"a":1}`), []byte("\xff\x00"), uint32(pgtype.JSONOID))
	f.Add("\n", "名", []byte(`nul`), []byte("\r\t"), uint32(pgtype.NumericOID))
	f.Add("", "", []byte(`t`), []byte("-"), uint32(pgtype.BoolOID))
	f.Fuzz(func(t *testing.T, a, b string, x, y []byte, oid uint32) {
		r := result{[]Column{{a, oid}, {b, oid}, {a, pgtype.TextOID}}, [][]any{{string(x), string(y), nil}, {nil, string(x), string(y)}}}
		var out strings.Builder
		r.print(t, NewTable(&out, TableOptions{Null: a}))
		out.Reset()
		r.print(t, NewCSV(&out, b))
		out.Reset()
		r.print(t, NewJSON(&out))
		require.True(t, json.Valid([]byte(out.String())), out.String())
		require.Equal(t, 1, strings.Count(out.String(), "\n"), out.String())
	})
}
