package layout

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Keys appear bare or quoted, depending on the minifier that PGlite was built with.
var (
	filesKey = regexp.MustCompile(`["']?files["']?\s*:\s*\[`)
	sizeKey  = regexp.MustCompile(`["']?remote_package_size["']?\s*:\s*([0-9]{1,15}(?:e[0-9]{1,2})?)`)
)

// maxCandidates bounds how many arrays called files are tried. PGlite's script has a single one.
const maxCandidates = 1000

// ReadLoader finds, in the JavaScript that Emscripten's file packager generates, the index of the data file that the
// script loads, and returns it checked.
func ReadLoader(js []byte) ([]Span, error) {
	src := string(js)
	size, err := packageSize(src)
	if err != nil {
		return nil, err
	}
	var found []Span
	for _, loc := range filesKey.FindAllStringIndex(src, maxCandidates) {
		spans, err := (&literal{src: src[loc[1]:]}).spans()
		switch {
		case errors.Is(err, errNotSpans):
			continue
		case err != nil:
			return nil, fmt.Errorf("index in the loader script: entry %d: %w", len(spans), err)
		case found != nil:
			return nil, errors.New("the loader script has more than one index")
		}
		found = spans
	}
	if found == nil {
		return nil, errors.New("the loader script has no index")
	}
	if err := Check(found, size); err != nil {
		return nil, fmt.Errorf("the loader script's %w", err)
	}
	return found, nil
}

func packageSize(src string) (int64, error) {
	m := sizeKey.FindAllStringSubmatch(src, 2)
	if len(m) != 1 {
		return 0, errors.New("the loader script does not have exactly one remote_package_size")
	}
	return parseInt(m[0][1])
}

// errNotSpans: an array called files that does not hold objects, which JavaScript is free to have.
var errNotSpans = errors.New("not an index")

// literal scans a JavaScript array of flat object literals.
type literal struct {
	src string
	pos int
}

func (l *literal) spans() ([]Span, error) {
	if l.peek() != '{' {
		return nil, errNotSpans
	}
	var spans []Span
	for {
		s, err := l.span()
		if err != nil {
			if len(spans) == 0 {
				err = errNotSpans
			}
			return spans, err
		}
		if spans = append(spans, s); len(spans) > maxSpans {
			return spans, fmt.Errorf("more than %d entries", maxSpans)
		}
		switch l.next() {
		case ']':
			return spans, nil
		case ',':
		default:
			return spans, errors.New("neither a comma nor the end follows")
		}
	}
}

// span reads {filename:"/x",start:0,end:204}. Other members are allowed, and ignored.
func (l *literal) span() (Span, error) {
	var s Span
	if l.next() != '{' {
		return s, errors.New("not an object")
	}
	seen := map[string]bool{}
	for {
		key, err := l.key()
		if err != nil {
			return s, err
		}
		if seen[key] {
			return s, fmt.Errorf("member %s is given twice", key)
		}
		seen[key] = true
		switch key {
		case "filename":
			s.Name, err = l.str()
		case "start":
			s.Start, err = l.number()
		case "end":
			s.End, err = l.number()
		default:
			err = l.skip()
		}
		if err != nil {
			return s, fmt.Errorf("member %s: %w", key, err)
		}
		switch l.next() {
		case '}':
			if !seen["filename"] || !seen["start"] || !seen["end"] {
				return s, errors.New("filename, start or end is missing")
			}
			return s, nil
		case ',':
		default:
			return s, errors.New("object does not end")
		}
	}
}

func (l *literal) key() (string, error) {
	var key string
	if l.peek() == '"' {
		var err error
		if key, err = l.str(); err != nil {
			return "", err
		}
	} else {
		key = l.word()
	}
	if key == "" || len(key) > 64 || l.next() != ':' {
		return "", errors.New("not a member")
	}
	return key, nil
}

func (l *literal) str() (string, error) {
	if l.peek() != '"' {
		return "", errors.New("not a string")
	}
	rest := l.src[l.pos:]
	for i := 1; i < len(rest) && i <= maxName; i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			l.pos += i + 1
			var s string
			err := json.Unmarshal([]byte(rest[:i+1]), &s)
			return s, err
		}
	}
	return "", errors.New("string does not end")
}

func (l *literal) number() (int64, error) {
	return parseInt(l.word())
}

func (l *literal) skip() error {
	if l.peek() == '"' {
		_, err := l.str()
		return err
	}
	if l.word() == "" {
		return errors.New("not a string, a number or a word")
	}
	return nil
}

// word reads letters, digits and what else can be part of a name or a number.
func (l *literal) word() string {
	l.peek()
	start := l.pos
	for l.pos < len(l.src) && (isAlnum(l.src[l.pos]) || strings.IndexByte("_$!.-", l.src[l.pos]) >= 0) {
		l.pos++
	}
	return l.src[start:l.pos]
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// peek skips white space and returns the next byte, 0 at the end.
func (l *literal) peek() byte {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.pos]) >= 0 {
		l.pos++
	}
	if l.pos == len(l.src) {
		return 0
	}
	return l.src[l.pos]
}

func (l *literal) next() byte {
	c := l.peek()
	if l.pos < len(l.src) {
		l.pos++
	}
	return c
}

// parseInt parses a number as minifiers write it: 1000000 is often 1e6.
func parseInt(s string) (int64, error) {
	digits, exp, scaled := strings.Cut(s, "e")
	n, err := strconv.ParseUint(digits, 10, 48)
	if err != nil || len(digits) > 15 {
		return 0, fmt.Errorf("%.40q is not a number in range", s)
	}
	zeros := 0
	if scaled {
		if zeros, err = strconv.Atoi(exp); err != nil || zeros < 0 || zeros > 15 {
			return 0, fmt.Errorf("%.40q is not a number in range", s)
		}
	}
	for range zeros {
		if n *= 10; n >= 1<<48 {
			return 0, fmt.Errorf("%.40q is not a number in range", s)
		}
	}
	return int64(n), nil
}
