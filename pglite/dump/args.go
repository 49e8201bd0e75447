package dump

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
	for len(args) > 0 && args[0] != "--" {
		arg, next := args[0], ""
		if args = args[1:]; len(args) > 0 {
			next = args[0]
		}
		var err error
		switch {
		case strings.HasPrefix(arg, "--"):
			err = checkLongDumpArg(arg, next)
		case len(arg) > 1 && arg[0] == '-':
			var took bool
			if took, err = checkShortDumpArgs(arg[1:], next); took && len(args) > 0 {
				args = args[1:]
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkLongDumpArg checks a long option, which may be abbreviated. Its value is
// in the argument or the next one.
func checkLongDumpArg(arg, next string) error {
	name, value, has := strings.Cut(arg, "=")
	for _, r := range refusedDumpArgs {
		if strings.HasPrefix(r.name, name) {
			return fmt.Errorf("the argument %s: %s", r.name, r.why)
		}
	}
	if !strings.HasPrefix("--format", name) {
		return nil
	}
	if !has {
		value = next
	}
	return checkDumpFormat(value)
}

// checkShortDumpArgs checks short options, of which the last one may have a
// value in what is left of the argument, or in the next one, which it took then.
func checkShortDumpArgs(letters, next string) (took bool, err error) {
	for i, c := range []byte(letters) {
		for _, r := range refusedDumpArgs {
			if c == r.letter {
				return false, fmt.Errorf("the argument -%c: %s", c, r.why)
			}
		}
		if strings.IndexByte(dumpLetters, c) < 0 {
			continue
		}
		value := letters[i+1:]
		if took = value == ""; took {
			value = next
		}
		if c == 'F' {
			err = checkDumpFormat(value)
		}
		return took, err
	}
	return false, nil
}

// checkDumpFormat refuses the one format that is a folder.
func checkDumpFormat(format string) error {
	if slices.Contains([]string{"d", "directory"}, strings.ToLower(format)) {
		return fmt.Errorf("the format %q: a dump that is a folder does not go to a writer", format)
	}
	return nil
}
