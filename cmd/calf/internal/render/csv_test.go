package render

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCSV(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, null, want string
		result
	}{
		{"plain", "", "a,b\n1,x\n", result{[]Column{integer("a"), text("b")}, [][]any{{"1", "x"}}}},
		{"no rows", "", "a\n", result{[]Column{integer("a")}, nil}},
		{"no columns", "", "\n\n\n", result{nil, [][]any{{}, {}}}},
		{"quotes", "", "\"a,b\",\"c\"\"\"\n\"x\ny\",\"\r\"\n\"\"\"\"\"\",a'b\n", result{
			[]Column{text("a,b"), text(`c"`)}, [][]any{{"x\ny", "\r"}, {`""`, "a'b"}}}},
		{"null", "", "a,b\n,\"\"\n", result{[]Column{text("a"), text("b")}, [][]any{{nil, ""}}}},
		{"null text", "NULL", "a,b,c\nNULL,,\"NULL\"\n", result{[]Column{text("a"), text("b"), text("c")}, [][]any{{nil, "", "NULL"}}}},
		{"end mark", "", "a\n\"\\.\"\n", result{[]Column{text("a")}, [][]any{{`\.`}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			p := NewCSV(&b, tt.null)
			tt.print(t, p)
			require.Equal(t, tt.want, b.String())
			require.NoError(t, p.Done("CREATE TABLE"))
			require.Equal(t, tt.want, b.String())
		})
	}
}

// FuzzCSV checks that another reader gets the values back.
func FuzzCSV(f *testing.F) {
	f.Add("a", "b", "1", "x\ny")
	f.Add(`"`, ",", "", `\.`)
	f.Fuzz(func(t *testing.T, a, b, x, y string) {
		var out strings.Builder
		result{[]Column{text(a), text(b)}, [][]any{{x, y}}}.print(t, NewCSV(&out, ""))
		r := csv.NewReader(strings.NewReader(out.String()))
		got, err := r.ReadAll()
		require.NoError(t, err)
		lf := func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") } // so does the reader
		require.Equal(t, [][]string{{lf(a), lf(b)}, {lf(x), lf(y)}}, got)
	})
}
