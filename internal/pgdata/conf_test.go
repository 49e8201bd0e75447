package pgdata

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseConf(t *testing.T) {
	t.Parallel()
	c := ParseConf([]byte("\xef\xbb\xbf# a comment\n" +
		"#work_mem = 4MB\t\t\t# min 64kB\n" +
		"#search_path = '\"$user\", public'\t# schema names\n" +
		"# Memory units: kB\n" +
		"max_connections = 100\t\t\t# (change requires restart)\n" +
		"Work_Mem '8MB'\n" +
		"  datestyle='iso, mdy'\r\n" +
		"application_name = 'it''s \\'quoted\\' \\101\\n # no comment'\n" +
		"my.setting = on\n" +
		"include 'other.conf'\n" +
		"empty = ''\n" +
		"\n" +
		"no_value =\n" +
		"= 3\n" +
		"open = 'quote\n" +
		"two words here\n" +
		"work_mem = 16MB"))
	require.Equal(t, []Setting{
		{"max_connections", "100", 5},
		{"work_mem", "8MB", 6},
		{"datestyle", "iso, mdy", 7},
		{"application_name", "it's 'quoted' A\n # no comment", 8},
		{"my.setting", "on", 9},
		{"include", "other.conf", 10},
		{"empty", "", 11},
		{"work_mem", "16MB", 17},
	}, c.Settings)
	require.Equal(t, map[string]string{"work_mem": "4MB", "search_path": `"$user", public`}, c.Defaults)
	require.Equal(t, []int{1, 13, 14, 15, 16}, c.Bad)
}

func TestParseHBA(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"local all all trust", "host all all 10.0.0.0/8 md5"},
		ParseHBA([]byte("# TYPE\n\nlocal   all\tall   trust\r\nhost all all 10.0.0.0/8 md5 # office\n   # more\n")))
}

func FuzzParseConf(f *testing.F) {
	f.Add([]byte("a = 'x''\\101' # c\n#b = 2\n"))
	f.Add([]byte("a = '\\"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := ParseConf(b)
		total := 0
		for _, s := range c.Settings {
			require.NotEmpty(t, s.Name)
			total += len(s.Name) + len(s.Value)
		}
		require.LessOrEqual(t, total, 4*len(b)) // lower case of a character may be longer
		ParseHBA(b)
	})
}
