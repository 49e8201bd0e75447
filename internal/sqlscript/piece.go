package sqlscript

// Kind is what a [Piece] is.
type Kind int

const (
	// Space is whitespace and comments at the end of a script.
	Space Kind = iota
	// Statement is SQL for the server.
	Statement
	// Command is a backslash command of psql, to the end of its line.
	Command
)

// A Piece is a part of a script.
type Piece struct {
	Kind Kind
	// Raw is the whole text. All pieces of a script together are the script.
	Raw string
	// SQL is the statement without what is blank before it; with a Command, it
	// is a statement that the command interrupted.
	SQL string
	// Line is the number of the line on which the statement, or the command,
	// begins.
	Line int
	// Name is the name of a Command without its backslash, and Args the rest of
	// the line.
	Name, Args string
	// CopyIn says that the statement reads like COPY ... FROM STDIN.
	CopyIn bool
}
