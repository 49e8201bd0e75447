package runtime

import (
	"fmt"
	"path"
	"strings"
)

// An undefinedError says that a library needs what the program does not have.
type undefinedError struct{ symbols []string }

func (e *undefinedError) Error() string { return "undefined symbol: " + e.symbols[0] }

// lacking is what there is not without a library.
var lacking = map[string]string{
	"pgoutput":         "logical replication",
	"libpqwalreceiver": "replication",
}

// refusal is the error of whoever wants to load the library.
func (e *undefinedError) refusal(library string) sqlError {
	name := strings.TrimSuffix(path.Base(library), ".so")
	message := fmt.Sprintf("calf's PostgreSQL cannot load the library %q", name)
	if what := lacking[name]; what != "" {
		message = "calf's PostgreSQL has no " + what
	}
	needs := e.symbols[0]
	if n := len(e.symbols) - 1; n > 0 {
		needs += fmt.Sprintf(" and %d more", n)
	}
	return sqlError{
		state: "0A000", message: message,
		detail: fmt.Sprintf("%q needs symbols that PGlite leaves out: %s.", library, needs),
	}
}
