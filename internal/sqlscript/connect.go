package sqlscript

import (
	"errors"
	"fmt"
	"strings"
)

// A Target is what \connect may name. What is empty stays as it is.
type Target struct{ User, Database string }

// ConnectTarget returns what the arguments of \connect name: database and user,
// with a minus for what stays, or a connection string.
func ConnectTarget(args []Argument) (to Target, err error) {
	if len(args) > 0 && !args[0].Quoted && strings.HasPrefix(args[0].Text, "-reuse-previous=") {
		args = args[1:]
	}
	if len(args) > 0 && (strings.Contains(args[0].Text, "=") || strings.Contains(args[0].Text, "://")) {
		if len(args) > 1 {
			return to, errors.New("a connection string stands alone")
		}
		return parseAddress(args[0].Text)
	}
	for i, a := range args {
		switch {
		case !a.Quoted && a.Text == "-":
		case i == 0:
			to.Database = a.Text
		case i == 1:
			to.User = a.Text
		default:
			return to, errors.New("it takes a database and a user")
		}
	}
	return to, nil
}

// Connect returns the line with which a script connects to a database.
func Connect(database string) string {
	// A connection string in quotes: a name may have anything in it.
	value := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(database)
	return `\connect -reuse-previous=on "` + strings.ReplaceAll(`dbname='`+value+`'`, `"`, `""`) + "\"\n"
}

// parseAddress parses a connection string of the form key=value.
func parseAddress(s string) (to Target, err error) {
	for {
		s = strings.TrimLeft(s, " \t\n\r\f\v")
		if s == "" {
			return to, nil
		}
		key, rest, ok := strings.Cut(s, "=")
		if !ok {
			return to, fmt.Errorf("the connection string has no = after %q", s)
		}
		var value string
		if value, s, err = parseValue(strings.TrimLeft(rest, " ")); err != nil {
			return to, err
		}
		switch strings.TrimSpace(key) {
		case "dbname":
			to.Database = value
		case "user":
			to.User = value
		default:
			return to, fmt.Errorf("the connection string may have dbname and user, but not %s", strings.TrimSpace(key))
		}
	}
}

// parseValue takes a value from the start of a connection string: a word, or
// anything in single quotes. A backslash takes the next character as it is.
func parseValue(s string) (value, rest string, err error) {
	quoted := strings.HasPrefix(s, "'")
	if quoted {
		s = s[1:]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quoted && c == '\'':
			return b.String(), s[i+1:], nil
		case !quoted && strings.IndexByte(" \t\n\r\f\v", c) >= 0:
			return b.String(), s[i:], nil
		default:
			b.WriteByte(c)
		}
	}
	if quoted {
		return "", "", errors.New("the connection string has an unterminated quote")
	}
	return b.String(), "", nil
}
