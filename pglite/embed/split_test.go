package embed_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/embed"
)

func texts(pieces []embed.Piece) []string {
	list := []string{}
	for _, p := range pieces {
		list = append(list, p.Text)
	}
	return list
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		o    embed.SplitOptions
		want []string
	}{
		"nothing":            {"", embed.SplitOptions{}, []string{}},
		"white space":        {" \n\t ", embed.SplitOptions{}, []string{}},
		"one piece":          {" a b \n", embed.SplitOptions{}, []string{"a b"}},
		"an empty line":      {"one two\nthree\n\nfour five", embed.SplitOptions{Size: 18, Overlap: -1}, []string{"one two\nthree", "four five"}},
		"a line":             {"one two three\nfour five six", embed.SplitOptions{Size: 20, Overlap: -1}, []string{"one two three", "four five six"}},
		"a sentence":         {"One two three. Four five six.", embed.SplitOptions{Size: 20, Overlap: -1}, []string{"One two three.", "Four five six."}},
		"a word":             {"one two three four", embed.SplitOptions{Size: 10, Overlap: -1}, []string{"one two", "three four"}},
		"no word":            {"abcdefghij", embed.SplitOptions{Size: 4, Overlap: -1}, []string{"abcd", "efgh", "ij"}},
		"Chinese":            {"一二三。四五六七八", embed.SplitOptions{Size: 6, Overlap: -1}, []string{"一二三。", "四五六七八"}},
		"overlap":            {"one two three four five", embed.SplitOptions{Size: 14, Overlap: 6}, []string{"one two three", "three four", "four five"}},
		"overlap of no word": {"abcdefgh", embed.SplitOptions{Size: 4, Overlap: 1}, []string{"abcd", "defg", "gh"}},
		"no UTF-8":           {"a\xffb\xffc", embed.SplitOptions{Size: 2, Overlap: -1}, []string{"a\xff", "b\xff", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, texts(embed.Split(tt.text, tt.o)))
		})
	}
}

func TestSplitMarkdown(t *testing.T) {
	t.Parallel()
	const text = "Before.\n# Planets #\nSome.\n\n## Mars\n```\n# no heading\n```\nRed.\n##\n#no heading either\n### Moons\nTwo.\n# Stars\r\nMany.\r\n"
	var got [][2]string
	for _, p := range embed.Split(text, embed.SplitOptions{Markdown: true}) {
		got = append(got, [2]string{p.Heading, p.Text})
		require.True(t, strings.HasPrefix(text[p.Start:], p.Text))
	}
	require.Equal(t, [][2]string{
		{"", "Before."},
		{"Planets", "# Planets #\nSome."},
		{"Planets > Mars", "## Mars\n```\n# no heading\n```\nRed."},
		{"Planets", "##\n#no heading either"},
		{"Planets > Moons", "### Moons\nTwo."},
		{"Stars", "# Stars\r\nMany."},
	}, got)
}

// Whatever the text, its pieces are small, in order, and have all of it but
// white space.
func FuzzSplit(f *testing.F) {
	f.Add("One two. Three\n\nfour five six\n# seven\neight", 10, 3, true)
	f.Add("abc\xff\xfe def", 1, 1, false)
	f.Add("一二三。四五六七八", 4, 2, false)
	f.Add("\u00a0a\u2003b ", 2, 0, true)
	f.Fuzz(func(t *testing.T, text string, size, overlap int, markdown bool) {
		size, overlap = size%200, overlap%200
		done, previous := 0, -1
		for _, p := range embed.Split(text, embed.SplitOptions{Size: size, Overlap: overlap, Markdown: markdown}) {
			require.NotEmpty(t, p.Text)
			require.Equal(t, strings.TrimSpace(p.Text), p.Text)
			if size > 0 {
				require.LessOrEqual(t, utf8.RuneCountInString(p.Text), size)
			}
			require.Greater(t, p.Start, previous)
			require.True(t, strings.HasPrefix(text[p.Start:], p.Text))
			if p.Start > done {
				require.Empty(t, strings.TrimFunc(text[done:p.Start], unicode.IsSpace), "left out")
			}
			previous, done = p.Start, max(done, p.Start+len(p.Text))
		}
		require.Empty(t, strings.TrimFunc(text[done:], unicode.IsSpace), "left out at the end")
	})
}
