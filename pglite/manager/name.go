package manager

import (
	"fmt"
	"regexp"
	"strings"
)

// validID is what an id looks like: database.build's have 16 of [0-9a-z], and
// nanoid's 21 of all of these.
var validID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func checkID(id string) error {
	if !validID.MatchString(id) {
		return fmt.Errorf("%w: an id has 1 to 64 letters, digits, - and _", ErrInvalid)
	}
	return nil
}

// escape is what folder names have in addition to ids.
const escape = "="

// folderName returns the name of a database's folder. Where files systems do not
// tell A from a, names still differ: a capital letter is escaped. So are names
// that Windows keeps for devices.
func folderName(id string) string {
	var b strings.Builder
	for _, c := range id {
		if 'A' <= c && c <= 'Z' {
			b.WriteString(escape)
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	if device.MatchString(b.String()) {
		b.WriteString(escape)
	}
	return b.String()
}

// device is what Windows does not take for the name of a file; see "Naming
// Files, Paths, and Namespaces" in its documentation.
var device = regexp.MustCompile(`^(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])$`)

// idOf returns the id that a folder's name stands for.
func idOf(name string) (id string, ok bool) {
	var b strings.Builder
	upper := false
	for _, c := range name {
		switch {
		case string(c) == escape && !upper:
			upper = true
			continue
		case upper:
			c -= 'a' - 'A'
			upper = false
		}
		b.WriteRune(c)
	}
	id = b.String()
	return id, validID.MatchString(id) && folderName(id) == name
}
