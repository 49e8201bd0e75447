package push

import "github.com/jackc/pgx/v5"

// A Report says what Run moves, or has moved.
type Report struct {
	Source Server `json:"source"`
	Target Server `json:"target"`
	// Resumed tells that an earlier push was continued.
	Resumed bool `json:"resumed"`
	// Tables are those that have rows of their own, partitions for example, the largest first.
	Tables []*Table `json:"tables"`
	// Sequences, and LargeObjects, are how many there are.
	Sequences    int `json:"sequences"`
	LargeObjects int `json:"large_objects"`
	// Obstacles are why nothing was moved.
	Obstacles []Obstacle `json:"obstacles"`
	// Notes are what will be different, or was left out.
	Notes []string `json:"notes"`
}

// A Server is one of the two ends of a push.
type Server struct {
	Version  string `json:"version"`
	Database string `json:"database"`
	User     string `json:"user"`
	Encoding string `json:"encoding"`
	// Locale is that of the database, after its provider: libc, icu or builtin.
	Locale string `json:"locale"`

	number int // of the version
}

// A Table is a table that is moved. After a dry run Rows and Checksum are zero.
type Table struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"` // on the source's disk, without indexes
	// Rows and Checksum were computed on both sides and are equal. Neither depends on the order of the rows.
	Rows     int64  `json:"rows"`
	Checksum string `json:"checksum"`
	// Kept tells that an earlier push had moved the table, and that it is still the same on both sides.
	Kept bool `json:"kept"`

	columns   []string // that are not generated
	condition string   // of an extension's configuration: which rows are the user's
}

// sqlName is the table's name as SQL has it.
func (t *Table) sqlName() string { return pgx.Identifier{t.Schema, t.Name}.Sanitize() }
