package pglite

import (
	"fmt"
	"slices"
	"strings"
)

// refusedDumpArgs are options of pg_dump that mean nothing here.
var refusedDumpArgs = []struct {
	letter byte
	name   string
	why    string
}{
	{'f', "--file", "the dump goes to the writer"},
	{'h', "--host", "the server is given otherwise"},
	{'p', "--port", "the server is given otherwise"},
	{'W', "--password", "there is nobody to ask"},
	{'j', "--jobs", "pg_dump runs in one process"},
}

// dumpLetters are the short options of pg_dump 18 that take a value.
const dumpLetters = "deEfFhjnNpStTUZ"

// checkDumpArgs refuses arguments whose effect would be lost, or that would fail
// with a puzzling message. All else is pg_dump's to judge.
func checkDumpArgs(args []string) error {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return nil
		case strings.HasPrefix(arg, "--"):
			name, value, has := strings.Cut(arg, "=")
			for _, r := range refusedDumpArgs {
				if strings.HasPrefix(r.name, name) { // getopt_long takes abbreviations
					return fmt.Errorf("the argument %s: %s", r.name, r.why)
				}
			}
			if len(name) > 3 && strings.HasPrefix("--format", name) {
				if !has && i+1 < len(args) {
					value = args[i+1]
				}
				if err := checkDumpFormat(value); err != nil {
					return err
				}
			}
		case len(arg) > 1 && arg[0] == '-':
			letters := arg[1:]
			at := strings.IndexAny(letters, dumpLetters)
			if at < 0 {
				at = len(letters) - 1
			}
			for _, c := range []byte(letters[:at+1]) {
				for _, r := range refusedDumpArgs {
					if c == r.letter {
						return fmt.Errorf("the argument -%c: %s", c, r.why)
					}
				}
			}
			value := letters[at+1:]
			if value == "" && strings.IndexByte(dumpLetters, letters[at]) >= 0 {
				if i++; i < len(args) {
					value = args[i]
				}
			}
			if letters[at] == 'F' {
				if err := checkDumpFormat(value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// checkDumpFormat refuses the one format that is a folder.
func checkDumpFormat(format string) error {
	if slices.Contains([]string{"d", "directory"}, strings.ToLower(format)) {
		return fmt.Errorf("the format %q: a dump that is a folder does not go to a writer", format)
	}
	return nil
}
