package embed

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SplitOptions say how to cut a text. The zero value is usual.
type SplitOptions struct {
	// Size is how many characters (Unicode code points) a piece has at most; 0
	// means 1000, which is some 250 tokens of English and one thought of most
	// texts.
	Size int
	// Overlap is how many characters of a piece's end the next one repeats at
	// most, so that what stands at a cut is found, too; 0 means an eighth of
	// Size, and a negative number none. It is less than half of Size.
	Overlap int
	// Markdown knows headings: a piece has text of one section only, and says of
	// which.
	Markdown bool
}

// A Piece is a part of a text.
type Piece struct {
	// Text is the part, without white space around it.
	Text string
	// Start is where in the text it begins, in bytes.
	Start int
	// Heading is the headings that it stands under, the outermost first,
	// separated by " > "; of Markdown only.
	Heading string
}

// Split cuts a text into pieces, in order, that together have all of it but
// white space. A cut is made at the last place that a piece of that size can
// have, of the best kind that there is in its second half: an empty line, the end
// of a line, of a sentence, of a word, or any character.
func Split(text string, o SplitOptions) []Piece {
	if o.Size <= 0 {
		o.Size = 1000
	}
	if o.Overlap == 0 {
		o.Overlap = o.Size / 8
	}
	o.Overlap = max(0, min(o.Overlap, (o.Size-1)/2))
	sections := []section{{text: text}}
	if o.Markdown {
		sections = markdownSections(text)
	}
	var pieces []Piece
	for _, s := range sections {
		pieces = append(pieces, s.cut(o)...)
	}
	return pieces
}

// A section is a part of a text that is cut by itself.
type section struct {
	text    string
	start   int
	heading string
}

func (s section) cut(o SplitOptions) []Piece {
	var pieces []Piece
	add := func(from, to int) {
		part := s.text[from:to]
		trimmed := strings.TrimLeftFunc(part, unicode.IsSpace)
		from += len(part) - len(trimmed)
		if trimmed = strings.TrimRightFunc(trimmed, unicode.IsSpace); trimmed != "" {
			pieces = append(pieces, Piece{trimmed, s.start + from, s.heading})
		}
	}
	s.text = strings.TrimRightFunc(s.text, unicode.IsSpace)
	from := skipSpace(s.text, 0)
	for from < len(s.text) {
		most := advance(s.text, from, o.Size)
		if most == len(s.text) {
			add(from, len(s.text))
			break
		}
		to := lastCut(s.text, advance(s.text, from, o.Size/2), most)
		add(from, to)
		from = skipSpace(s.text, max(overlapFrom(s.text, to, o.Overlap), from+1))
	}
	return pieces
}

// advance returns where n characters after a place are, or the end.
func advance(s string, from, n int) int {
	for range n {
		if from >= len(s) {
			break
		}
		_, size := utf8.DecodeRuneInString(s[from:])
		from += size
	}
	return from
}

func skipSpace(s string, from int) int {
	return from + len(s[from:]) - len(strings.TrimLeftFunc(s[from:], unicode.IsSpace))
}

// lastCut returns the best place to cut after least, and at most at most.
func lastCut(s string, least, most int) int {
	window := s[least:most]
	for _, mark := range []string{"\n\n", "\n"} {
		if i := strings.LastIndex(window, mark); i >= 0 {
			return least + i + len(mark)
		}
	}
	sentence, word := -1, -1
	previous := ' '
	for i, r := range window {
		if unicode.IsSpace(r) {
			word = i
			if strings.ContainsRune(".!?:;", previous) {
				sentence = i
			}
		} else if strings.ContainsRune("。！？", r) { // after which there is no space
			sentence = i + utf8.RuneLen(r)
		}
		previous = r
	}
	switch {
	case sentence > 0:
		return least + sentence
	case word > 0:
		return least + word
	}
	return most
}

// overlapFrom returns where the next piece begins: at the first beginning of a
// word within the overlap, if there is one.
func overlapFrom(s string, to, overlap int) int {
	from := to
	for range overlap {
		_, size := utf8.DecodeLastRuneInString(s[:from])
		from -= size
	}
	if from == to || from == 0 {
		return from
	}
	if before, _ := utf8.DecodeLastRuneInString(s[:from]); unicode.IsSpace(before) {
		return from
	}
	if i := strings.IndexFunc(s[from:to], unicode.IsSpace); i >= 0 {
		return from + i
	}
	if overlap > 0 && !strings.ContainsFunc(s[from:to], unicode.IsSpace) {
		return from // a language without spaces
	}
	return to
}
