// Package errtext prints errors for people.
package errtext

import "strings"

// Line returns the text of an error without line breaks, and without the name of
// the package that it comes from.
func Line(err error) string {
	text := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	for _, pkg := range []string{"manager: ", "pglite: ", "dump: ", "push: ", "upgrade: ", "inspect: ", "assets: ", "runtime: ", "presenter: ", "schema: ", "embed: "} {
		text = strings.TrimPrefix(text, pkg)
	}
	return text
}
