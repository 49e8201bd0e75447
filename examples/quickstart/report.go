package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is what the user sees.
type report struct{ w io.Writer }

// A step is a named piece of work; its function also says what came of it.
type step struct {
	name string
	do   func() (string, error)
}

// line shows a line of text.
func (r *report) line(format string, args ...any) { fmt.Fprintf(r.w, format+"\n", args...) }

// step does a piece of work and says how long it took.
func (r *report) step(name string, do func() (string, error)) error {
	fmt.Fprintf(r.w, "  %-26s", name)
	start := time.Now()
	what, err := do()
	if err != nil {
		fmt.Fprintln(r.w, " failed")
		return fmt.Errorf("%s: %w", name, err)
	}
	line := fmt.Sprintf(" %9s   %s", duration(time.Since(start)), what)
	fmt.Fprintln(r.w, strings.TrimRight(line, " "))
	return nil
}

// steps does one step after the other, until one fails.
func (r *report) steps(all ...step) error {
	for _, s := range all {
		if err := r.step(s.name, s.do); err != nil {
			return err
		}
	}
	return nil
}

// A column is one way to answer, how long it took and what it found.
type column struct {
	name  string
	took  time.Duration
	found []answer
}

// answers shows the answers to a question side by side, and what the best one
// of the last column is about.
func (r *report) answers(question string, columns []column) {
	fmt.Fprintf(r.w, "\n%s?\n", strings.TrimRight(question, "? "))
	t := tabwriter.NewWriter(r.w, 0, 0, 3, ' ', 0)
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = fmt.Sprintf("%s (%s)", c.name, duration(c.took))
	}
	fmt.Fprintf(t, "     %s\n", strings.Join(cells, "\t"))
	for row := range limit {
		for i, c := range columns {
			cells[i] = ""
			if row < len(c.found) {
				cells[i] = c.found[row].name()
			}
		}
		fmt.Fprintf(t, "  %d  %s\n", row+1, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	t.Flush()
	if best := columns[len(columns)-1].found; len(best) > 0 {
		fmt.Fprintf(r.w, "  %s: %s\n", best[0].name(), firstLines(best[0].Doc))
	}
}

// firstLines returns the beginning of a text on one line.
func firstLines(text string) string {
	const most = 90
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most]) + "…"
}

// duration rounds to what a reader wants to know.
func duration(d time.Duration) string {
	if d >= time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
