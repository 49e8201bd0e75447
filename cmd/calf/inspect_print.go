package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/calfdb/calf/pglite/inspect"
)

// A report is what calf inspect prints for people.
type report struct {
	info *inspect.Info
	w    io.Writer
	all  bool
	err  error
}

// How many are listed unless all are asked for.
const (
	fewTables   = 20
	fewProblems = 20
)

func (r report) print() error {
	r.printf("%s: %s\n", clean(r.info.Path), clean(r.info.Summary))
	if c := r.info.Control; c != nil || len(r.info.Databases) > 0 {
		r.printf("\n")
		r.facts()
	}
	r.databases()
	r.configuration()
	r.leftovers()
	r.problems()
	return r.err
}

func (r *report) printf(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format, args...)
	}
}

// table prints rows of columns that are separated by tabs.
func (r *report) table(rows []string) {
	w := tabwriter.NewWriter(r.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, row)
	}
	if err := w.Flush(); r.err == nil {
		r.err = err
	}
}

// facts prints what is known of the whole cluster.
func (r *report) facts() {
	i := r.info
	var rows []string
	row := func(name, format string, args ...any) {
		rows = append(rows, name+"\t"+fmt.Sprintf(format, args...))
	}
	row("size", "%s in %d files", size(i.Size), i.Files)
	if i.Root != "" {
		row("found in", "%s", clean(i.Root))
	}
	if len(i.OpenedBy) > 0 {
		row("opened by", "%s", strings.Join(i.OpenedBy, ", "))
	}
	if c := i.Control; c != nil {
		row("state", "%s, at %s", c.State, c.Modified.Format(time.RFC3339))
		row("system identifier", "%d", c.SystemIdentifier)
		row("format", "pg_control %d, catalogs %d, %d-byte alignment, float8 by %s", c.Version, c.CatalogVersion, c.MaxAlign,
			map[bool]string{true: "value", false: "reference"}[c.Float8ByVal])
		row("checkpoint", "%s on timeline %d, at %s", c.Checkpoint.Redo, c.Checkpoint.Timeline, c.Checkpoint.Time.Format(time.RFC3339))
	}
	if w := i.WAL; w != nil {
		row("WAL", "%s", walLine(w, i.Clean))
	}
	row("checksums", "%s", checksumLine(i))
	for _, t := range i.Tablespaces {
		where := "in the directory"
		if t.Target != "" {
			where = "in " + t.Target + ", which is not read"
		}
		row("tablespace", "%s, %s", clean(t.Name), clean(where))
	}
	r.table(rows)
	switch {
	case i.Stale:
		r.printf("\nNot all that recovery would do could be applied: what follows may be older in parts.\n")
	case i.Recovers:
		r.printf("\nWhat follows is as recovery will leave it.\n")
	}
}

func walLine(w *inspect.WAL, clean bool) string {
	line := fmt.Sprintf("%d × %s, to %s", w.Segments, size(int64(w.SegmentSize)), w.End)
	switch {
	case !w.RedoPresent:
		line += "; what recovery needs is missing"
	case clean:
		line += "; nothing to recover"
	default:
		line += fmt.Sprintf("; %s in %d records to recover, with %d commits", size(w.Replay), w.Records, w.Commits)
		if w.LastCommit != nil {
			line += ", the last at " + w.LastCommit.Format(time.RFC3339)
		}
	}
	return line
}

func checksumLine(i *inspect.Info) string {
	v := i.Verified
	switch on := i.Control != nil && i.Control.ChecksumVersion > 0; {
	case v == nil && on:
		return "on; not verified (see --verify)"
	case v == nil:
		return "off"
	case on:
		return fmt.Sprintf("on; %d blocks verified, %d bad", v.Blocks, v.Bad)
	default:
		return fmt.Sprintf("off, so only the headers of %d blocks were verified; %d bad", v.Blocks, v.Bad)
	}
}

// databases prints databases, and the tables of each.
func (r *report) databases() {
	if len(r.info.Databases) == 0 {
		return
	}
	rows := []string{"DATABASE\tSIZE\tOWNER\tENCODING\tTABLES\tEXTENSIONS"}
	for _, db := range r.info.Databases {
		var extensions []string
		for _, e := range db.Extensions {
			extensions = append(extensions, clean(e.Name+" "+e.Version))
		}
		tables := 0
		for _, rel := range db.Relations {
			if isTable(rel) {
				tables++
			}
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%s", clean(db.Name), size(db.Size),
			clean(db.Owner), db.Encoding, tables, strings.Join(extensions, ", ")))
	}
	r.printf("\n")
	r.table(rows)
	for _, db := range r.info.Databases {
		r.relations(db)
	}
}

// isTable tells whether a relation is what people look for.
func isTable(rel inspect.Relation) bool {
	switch rel.Kind {
	case "table", "partitioned table", "materialized view", "foreign table":
		return true
	}
	return false
}

// relations prints the relations of a database, those with most pages first.
func (r *report) relations(db inspect.Database) {
	var list []inspect.Relation
	for _, rel := range db.Relations {
		if r.all || isTable(rel) {
			list = append(list, rel)
		}
	}
	if len(list) == 0 && len(db.Unclaimed) == 0 {
		return
	}
	r.printf("\nIn %s:\n", clean(db.Name))
	rest := 0
	if !r.all && len(list) > fewTables {
		slices.SortStableFunc(list, func(a, b inspect.Relation) int { return cmp.Compare(b.Pages, a.Pages) })
		list, rest = list[:fewTables], len(list)-fewTables
	}
	rows := []string{"  RELATION\tKIND\tROWS\tPAGES\tSIZE"}
	for _, rel := range list {
		total := int64(0)
		for _, n := range rel.Forks {
			total += n
		}
		kind := rel.Kind
		if rel.Of != "" {
			kind += " of " + rel.Of
		}
		rows = append(rows, fmt.Sprintf("  %s\t%s\t%s\t%d\t%s", clean(rel.Schema+"."+rel.Name), clean(kind), tuples(rel.Tuples), rel.Pages, size(total)))
	}
	if len(list) > 0 {
		r.table(rows)
	}
	if rest > 0 {
		r.printf("  and %d smaller ones (see --all)\n", rest)
	}
	if n := len(db.Unclaimed); n > 0 {
		total := int64(0)
		for _, f := range db.Unclaimed {
			total += f.Size
		}
		r.printf("  and %s in %d files of no relation that the catalogs know\n", size(total), n)
	}
}

func tuples(t *inspect.Tuples) string {
	switch {
	case t == nil:
		return ""
	case t.Exact:
		return fmt.Sprint(t.Live)
	}
	return fmt.Sprintf("about %d", t.Live)
}

// configuration prints what differs from the default.
func (r *report) configuration() {
	c := r.info.Config
	var rows []string
	for _, s := range c.Settings {
		row := fmt.Sprintf("  %s = %s\t%s:%d", clean(s.Name), clean(s.Value), s.File, s.Line)
		if s.Default != "" {
			row += "\tdefault " + clean(s.Default)
		}
		rows = append(rows, row)
	}
	for _, rule := range c.HBA {
		rows = append(rows, "  "+clean(rule)+"\tpg_hba.conf")
	}
	r.section("Configuration that is not the default:", rows, len(rows))
}

func (r *report) leftovers() {
	var rows []string
	for _, l := range r.info.Leftovers {
		rows = append(rows, "  "+clean(l.File)+"\t"+clean(l.Meaning))
	}
	r.section("Left in it:", rows, len(rows))
}

func (r *report) problems() {
	var rows []string
	for _, p := range r.info.Problems {
		at := p.File
		if p.Relation != "" {
			at = strings.TrimPrefix(p.Database+" ", " ") + p.Relation
			if p.Fork != "" && p.Fork != "main" {
				at += " (" + p.Fork + ")"
			}
		}
		if p.Block != nil {
			at += fmt.Sprintf(" block %d", *p.Block)
		}
		if p.Relation != "" && p.File != "" {
			at += " in " + p.File
		}
		rows = append(rows, "  "+clean(cmp.Or(at, p.Database, r.info.Container))+"\t"+clean(p.Text))
	}
	r.section(fmt.Sprintf("Problems (%d):", len(rows)+r.info.ProblemsOmitted), rows, len(rows)+r.info.ProblemsOmitted)
}

// section prints the first rows of many.
func (r *report) section(title string, rows []string, total int) {
	if len(rows) == 0 {
		return
	}
	r.printf("\n%s\n", title)
	if !r.all {
		rows = rows[:min(len(rows), fewProblems)]
	}
	r.table(rows)
	if rest := total - len(rows); rest > 0 {
		r.printf("  and %d more (see --all and --json)\n", rest)
	}
}

// clean makes a text of somebody else's fit for a terminal: what is not printed there, such as the beginning of an escape
// sequence, becomes a question mark.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return '?'
	}, s)
}
