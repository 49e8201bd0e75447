package pgdata

import (
	"strconv"
	"strings"
)

// Setting is a line of a configuration file.
type Setting struct {
	Name, Value string
	Line        int
}

// Conf is what a configuration file such as postgresql.conf says.
type Conf struct {
	Settings []Setting // as they stand there; the last one of a name counts
	// Defaults are the settings of lines that are commented out, in which initdb writes each parameter's default.
	Defaults map[string]string
	Bad      []int // lines that PostgreSQL would refuse
}

// ParseConf parses a configuration file (utils/misc/guc-file.l). Names come back in lower case. The directives include,
// include_if_exists and include_dir are settings of these names.
func ParseConf(b []byte) Conf {
	c := Conf{Defaults: map[string]string{}}
	line := 0
	for text := range strings.SplitSeq(string(b), "\n") {
		line++
		text = strings.TrimSpace(text)
		commented := strings.HasPrefix(text, "#")
		if commented {
			text = text[1:] // one that is a setting has no space after the #
		}
		name, value, ok := parseSetting(text)
		switch {
		case commented && ok:
			c.Defaults[name] = value
		case commented, text == "":
		case ok:
			c.Settings = append(c.Settings, Setting{name, value, line})
		default:
			c.Bad = append(c.Bad, line)
		}
	}
	return c
}

// parseSetting parses NAME [=] VALUE [# COMMENT].
func parseSetting(s string) (name, value string, ok bool) {
	n := 0
	for n < len(s) && isNameByte(s[n], n == 0) {
		n++
	}
	if n == 0 {
		return "", "", false
	}
	name, s = strings.ToLower(s[:n]), strings.TrimLeft(s[n:], " \t\r")
	s = strings.TrimLeft(strings.TrimPrefix(s, "="), " \t\r")
	var rest string
	if strings.HasPrefix(s, "'") {
		value, rest, ok = unquote(s)
	} else {
		end := strings.IndexAny(s, " \t\r#'")
		if end < 0 {
			end = len(s)
		}
		value, rest, ok = s[:end], s[end:], end > 0
	}
	rest = strings.TrimSpace(rest)
	return name, value, ok && (rest == "" || rest[0] == '#')
}

func isNameByte(c byte, first bool) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c >= 0x80:
		return true
	}
	return !first && ('0' <= c && c <= '9' || c == '$' || c == '.')
}

// unquote reads a string in single quotes (DeescapeQuotedString).
func unquote(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'' && i+1 < len(s) && s[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case c == '\'':
			return b.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s):
			i++
			n := octal(s[i:])
			if n > 0 {
				v, _ := strconv.ParseUint(s[i:i+n], 8, 16)
				b.WriteByte(byte(v))
				i += n - 1
			} else if at := strings.IndexByte("bfnrt", s[i]); at >= 0 {
				b.WriteByte("\b\f\n\r\t"[at])
			} else {
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// octal returns how many octal digits s begins with, up to three.
func octal(s string) (n int) {
	for n < len(s) && n < 3 && '0' <= s[n] && s[n] <= '7' {
		n++
	}
	return n
}

// ParseHBA returns the rules of pg_hba.conf, each with its words separated by one space. Comments are left out.
func ParseHBA(b []byte) (rules []string) {
	for text := range strings.SplitSeq(string(b), "\n") {
		// A # in quotes is no comment, and a name with one is rare enough to be cut.
		text, _, _ = strings.Cut(text, "#")
		if words := strings.Fields(text); len(words) > 0 {
			rules = append(rules, strings.Join(words, " "))
		}
	}
	return rules
}
