package sqlscript

import "errors"

// A Restriction is what \restrict and \unrestrict keep up: between them there
// are no other backslash commands. pg_dump puts its output in between, with a
// random key, so that nothing in a dump can be taken for a command. The zero
// value restricts nothing.
type Restriction struct{ key string }

// Command takes a command with its arguments and reports whether it is one of
// the two. The error is for any command that may not be here.
func (r *Restriction) Command(name string, args []Argument) (mine bool, err error) {
	switch {
	case name != "restrict" && name != "unrestrict":
		if r.key != "" {
			return false, errors.New(`between \restrict and \unrestrict there are no other commands`)
		}
		return false, nil
	case len(args) != 1 || args[0].Text == "":
		return true, errors.New("it takes a key")
	case name == "restrict" && r.key != "":
		return true, errors.New(`between \restrict and \unrestrict there are no other commands`)
	case name == "restrict":
		r.key = args[0].Text
	case r.key == "":
		return true, errors.New(`there was no \restrict`)
	case r.key != args[0].Text:
		return true, errors.New("this is not the key")
	default:
		r.key = ""
	}
	return true, nil
}
