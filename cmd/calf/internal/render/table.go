package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// A Table prints results as psql does: as aligned tables with a header and a
// row count. It keeps a result in memory until it ends.
type Table struct {
	w     *bufio.Writer
	null  cell
	quiet bool

	columns []Column
	header  []cell
	rows    [][]cell
	widths  []int
}

// TableOptions say how a [Table] prints.
type TableOptions struct {
	// Null is printed for NULL.
	Null string
	// Quiet leaves out command tags.
	Quiet bool
}

// NewTable returns a Printer that writes tables to w. It flushes w at the end of
// each result.
func NewTable(w io.Writer, o TableOptions) *Table {
	return &Table{w: bufio.NewWriter(w), null: newCell([]byte(o.Null)), quiet: o.Quiet}
}

// Begin implements [Printer].
func (t *Table) Begin(columns []Column) error {
	t.columns = columns
	t.header = make([]cell, len(columns))
	t.widths = make([]int, len(columns))
	t.rows = nil
	for i, c := range columns {
		t.header[i] = newCell([]byte(c.Name))
		t.widths[i] = t.header[i].width()
	}
	return nil
}

// Row implements [Printer].
func (t *Table) Row(values [][]byte) error {
	row := make([]cell, len(t.columns))
	for i := range row {
		row[i] = t.null
		if i < len(values) && values[i] != nil {
			row[i] = newCell(values[i])
		}
		t.widths[i] = max(t.widths[i], row[i].width())
	}
	t.rows = append(t.rows, row)
	return nil
}

// End implements [Printer].
func (t *Table) End(tag string) error {
	t.printHeader()
	for _, row := range t.rows {
		if len(row) > 0 {
			t.printRow(row)
		}
	}
	if n := len(t.rows); n == 1 {
		t.w.WriteString("(1 row)\n\n")
	} else {
		fmt.Fprintf(t.w, "(%d rows)\n\n", n)
	}
	t.rows = nil
	if hasRowCount(tag) {
		return t.Done(tag)
	}
	return t.w.Flush()
}

// Abort implements [Printer]. Rows of which the end did not come are not
// printed.
func (t *Table) Abort() error {
	t.rows = nil
	return nil
}

// Done implements [Printer].
func (t *Table) Done(tag string) error {
	if tag != "" && !t.quiet {
		t.w.WriteString(tag)
		t.w.WriteByte('\n')
	}
	return t.w.Flush()
}

// hasRowCount reports whether the tag of a command that returned rows tells
// more than their number.
func hasRowCount(tag string) bool {
	word, _, _ := strings.Cut(tag, " ")
	switch word {
	case "INSERT", "UPDATE", "DELETE", "MERGE":
		return true
	}
	return false
}

// printHeader prints the names, centred, and the line under them.
func (t *Table) printHeader() {
	height := 0
	for _, c := range t.header {
		height = max(height, len(c))
	}
	for n := range height {
		for i, c := range t.header {
			if i > 0 {
				t.w.WriteByte('|')
			}
			t.w.WriteByte(' ')
			text, space := "", t.widths[i]
			if n < len(c) {
				text, space = c[n].text, space-c[n].width
			}
			t.pad(space / 2)
			t.w.WriteString(text)
			t.pad(space - space/2)
			t.mark(n+1 < len(c))
		}
		t.w.WriteByte('\n')
	}
	t.w.WriteByte('-')
	for i, w := range t.widths {
		if i > 0 {
			t.w.WriteString("-+-")
		}
		for range w {
			t.w.WriteByte('-')
		}
	}
	t.w.WriteString("-\n")
}

// printRow prints a row in as many lines as its highest cell has.
func (t *Table) printRow(row []cell) {
	height := 0
	for _, c := range row {
		height = max(height, len(c))
	}
	for n := range height {
		for i, c := range row {
			if i > 0 {
				t.w.WriteByte('|')
			}
			t.w.WriteByte(' ')
			text, space := "", t.widths[i]
			if n < len(c) {
				text, space = c[n].text, space-c[n].width
			}
			last, goesOn := i == len(row)-1, n+1 < len(c)
			if alignsRight(t.columns[i].Type) && n < len(c) {
				t.pad(space)
				space = 0
			}
			t.w.WriteString(text)
			if !last || goesOn {
				t.pad(space)
				t.mark(goesOn)
			}
		}
		t.w.WriteByte('\n')
	}
}

// mark prints what is to the right of a cell's line.
func (t *Table) mark(goesOn bool) {
	if goesOn {
		t.w.WriteByte('+')
	} else {
		t.w.WriteByte(' ')
	}
}

func (t *Table) pad(n int) {
	for range n {
		t.w.WriteByte(' ')
	}
}

// alignsRight reports whether psql aligns values of a type to the right.
func alignsRight(oid uint32) bool {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID,
		pgtype.OIDOID, pgtype.XIDOID, pgtype.XID8OID, pgtype.CIDOID, moneyOID:
		return true
	}
	return false
}

// moneyOID is that of the type money, which pgtype does not name.
const moneyOID = 790
