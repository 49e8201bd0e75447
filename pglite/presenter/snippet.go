package presenter

import "strings"

// A Snippet is a piece of a text with the places that were searched for.
type Snippet struct {
	Text string `json:"text"`
	// Highlights are in order and do not overlap.
	Highlights []Highlight `json:"highlights"`
}

// A Highlight is a part of a text, from byte Start up to, but not including,
// byte End.
type Highlight struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Mark returns the text with a mark before and after each highlight. The text
// in between goes through escape, such as html.EscapeString, unless that is nil.
func (s Snippet) Mark(before, after string, escape func(string) string) string {
	if escape == nil {
		escape = func(s string) string { return s }
	}
	var b strings.Builder
	done := 0
	for _, h := range s.Highlights {
		b.WriteString(escape(s.Text[done:h.Start]))
		b.WriteString(before)
		b.WriteString(escape(s.Text[h.Start:h.End]))
		b.WriteString(after)
		done = h.End
	}
	b.WriteString(escape(s.Text[done:]))
	return b.String()
}

// parseSnippet reads a headline whose highlights are between the control
// characters STX and ETX, which nothing else in it contains.
func parseSnippet(marked string) (s Snippet) {
	const stx, etx = '\x02', '\x03'
	var b strings.Builder
	start := 0
	for _, r := range marked {
		switch r {
		case stx:
			start = b.Len()
		case etx:
			s.Highlights = append(s.Highlights, Highlight{start, b.Len()})
		default:
			b.WriteRune(r)
		}
	}
	s.Text = b.String()
	return s
}
