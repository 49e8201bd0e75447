package sqlscript

import "bytes"

// words follows the names and key words of a statement, as far as its end, or
// what comes after it, depends on them.
type words struct {
	count  int
	first  [4]byte // initials of the first words, if they are of CREATE OR REPLACE FUNCTION
	bodies int     // depth of BEGIN ... END and CASE ... END in a function's body

	copy   bool // it begins with COPY
	from   bool // the last word was FROM
	copyIn bool // it has FROM STDIN
}

// word takes the next word; top says that it is outside parentheses.
func (w *words) word(b []byte, top bool) {
	if w.count < len(w.first) && isOneOf(b, "create", "or", "replace", "function", "procedure") {
		w.first[w.count] = b[0] | 0x20
	}
	if w.count == 0 {
		w.copy = isOneOf(b, "copy")
	}
	w.count++
	if !top {
		return
	}
	w.copyIn = w.copyIn || w.copy && w.from && isOneOf(b, "stdin")
	w.from = isOneOf(b, "from")
	if !w.createsFunction() {
		return
	}
	switch {
	case isOneOf(b, "begin"), isOneOf(b, "case") && w.bodies > 0:
		w.bodies++
	case isOneOf(b, "end"):
		w.bodies = max(0, w.bodies-1)
	}
}

// other notes a token that is no word.
func (w *words) other() { w.from = false }

// createsFunction reports whether the statement begins with CREATE [OR REPLACE]
// and FUNCTION or PROCEDURE.
func (w *words) createsFunction() bool {
	f := w.first
	isFunction := func(c byte) bool { return c == 'f' || c == 'p' }
	return f[0] == 'c' && (isFunction(f[1]) || f[1] == 'o' && f[2] == 'r' && isFunction(f[3]))
}

// isOneOf compares without regard to case.
func isOneOf(b []byte, names ...string) bool {
	for _, name := range names {
		if len(b) == len(name) && bytes.EqualFold(b, []byte(name)) {
			return true
		}
	}
	return false
}

// nameLength returns the length of the name at the start of b, or 0.
func nameLength(b []byte) int {
	if len(b) == 0 || !isNameStart(b[0]) {
		return 0
	}
	n := 1
	for n < len(b) && (isNameStart(b[n]) || isDigit(b[n]) || b[n] == '$') {
		n++
	}
	return n
}

func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
