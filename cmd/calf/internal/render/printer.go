package render

// A Printer prints results, one after the other. Its errors are those of
// writing.
type Printer interface {
	// Begin starts a result with the given columns.
	Begin(columns []Column) error
	// Row prints a row of values, of which nil is NULL. It does not keep them.
	Row(values [][]byte) error
	// End ends the result; tag is the command tag of what returned it.
	End(tag string) error
	// Abort ends a result of which not all rows came.
	Abort() error
	// Done says that a command without a result is done; tag is its command
	// tag.
	Done(tag string) error
}

// A Column is a column of a result.
type Column struct {
	Name string
	// Type is the OID of its type.
	Type uint32
}
