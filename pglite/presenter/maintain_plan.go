package presenter

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
)

// A Plan is how PostgreSQL runs a statement. See PostgreSQL's documentation of
// EXPLAIN for what the words mean.
type Plan struct {
	// SQL is the statement, and Operation what the presenter does with it.
	SQL       string `json:"-"`
	Operation string `json:"-"`
	// Root is the node that returns the result.
	Root PlanNode `json:"Plan"`
	// PlanningMillis and ExecutionMillis are 0 if the statement was not run.
	PlanningMillis  float64 `json:"Planning Time"`
	ExecutionMillis float64 `json:"Execution Time"`
	// Settings are the planner's that differ from their defaults.
	Settings map[string]string `json:"Settings"`
	// JSON is what PostgreSQL wrote, with more than the fields here.
	JSON json.RawMessage `json:"-"`
}

// PlanNode is a step of a plan. What was counted is 0 if the statement was not
// run.
type PlanNode struct {
	// Type is such as Seq Scan or Sort.
	Type string `json:"Node Type"`
	// Relation is the table, if it reads one, Alias what the statement calls it,
	// and Index the index that it uses.
	Relation string `json:"Relation Name"`
	Alias    string `json:"Alias"`
	Index    string `json:"Index Name"`
	// Subplan is the name of a part that is run by itself, such as InitPlan 1.
	Subplan string `json:"Subplan Name"`
	// IndexCond, RecheckCond and Filter are conditions: what the index looks up,
	// what is tested again, and what is tested of each row.
	IndexCond   string `json:"Index Cond"`
	RecheckCond string `json:"Recheck Cond"`
	Filter      string `json:"Filter"`
	// StartupCost and Cost are estimates, in units of reading a page, until the
	// first and the last row; Rows and Width are how many rows and bytes of each.
	StartupCost float64 `json:"Startup Cost"`
	Cost        float64 `json:"Total Cost"`
	Rows        float64 `json:"Plan Rows"`
	Width       int     `json:"Plan Width"`
	// ActualRows and ActualMillis are the average of Loops runs. RowsRemoved and
	// RowsRechecked did not fulfil Filter and RecheckCond.
	ActualRows    float64 `json:"Actual Rows"`
	ActualMillis  float64 `json:"Actual Total Time"`
	Loops         float64 `json:"Actual Loops"`
	RowsRemoved   float64 `json:"Rows Removed by Filter"`
	RowsRechecked float64 `json:"Rows Removed by Index Recheck"`
	// SortMethod says how a Sort went, and SortKB with how much of SortSpace,
	// which is Memory or Disk.
	SortMethod string `json:"Sort Method"`
	SortSpace  string `json:"Sort Space Type"`
	SortKB     int64  `json:"Sort Space Used"`
	// Pages of 8 kB that were found in shared buffers, read, and written because
	// work_mem did not suffice, with all nodes below.
	PagesHit    int64 `json:"Shared Hit Blocks"`
	PagesRead   int64 `json:"Shared Read Blocks"`
	TempWritten int64 `json:"Temp Written Blocks"`
	// Plans are the nodes that it takes rows from.
	Plans []PlanNode `json:"Plans"`
}

// Nodes returns all nodes with their depths, each before those that it takes
// rows from.
func (p Plan) Nodes() iter.Seq2[int, PlanNode] {
	return func(yield func(int, PlanNode) bool) { p.Root.walk(0, yield) }
}

func (n PlanNode) walk(depth int, yield func(int, PlanNode) bool) bool {
	if !yield(depth, n) {
		return false
	}
	for _, below := range n.Plans {
		if !below.walk(depth+1, yield) {
			return false
		}
	}
	return true
}

// Uses reports whether the plan uses an index.
func (p Plan) Uses(index string) bool {
	for _, n := range p.Nodes() {
		if n.Index == index {
			return true
		}
	}
	return false
}

// Warnings says in words what usually makes a statement slow: a table that is
// read for a few of its rows, an estimate that is wrong by a factor of a hundred,
// and sorts and hashes that did not fit in work_mem. It knows more after
// Analyze.
func (p Plan) Warnings() []string {
	const (
		many  = 1000 // rows, below which nothing matters
		wrong = 100
	)
	var list []string
	temp := int64(0)
	for _, n := range p.Nodes() {
		kept, removed := n.ActualRows*n.Loops, n.RowsRemoved*n.Loops
		if n.Type == "Seq Scan" && removed >= many && removed > 10*kept {
			list = append(list, fmt.Sprintf("all rows of %s are read, and %.0f of %.0f kept: %s", n.Relation, kept, kept+removed, n.Filter))
		}
		if n.Loops > 0 && max(n.Rows, n.ActualRows) >= many && (n.ActualRows > wrong*max(n.Rows, 1) || n.Rows > wrong*max(n.ActualRows, 1)) {
			list = append(list, fmt.Sprintf("%s of %.0f rows was taken for %.0f", n.name(), n.ActualRows, n.Rows))
		}
		if n.SortSpace == "Disk" {
			list = append(list, fmt.Sprintf("a sort of %d kB did not fit in work_mem", n.SortKB))
		}
		if n.SortSpace != "Disk" && n.TempWritten > 0 && len(n.Plans) > 0 {
			temp = max(temp, n.TempWritten)
		}
	}
	if temp > 0 {
		list = append(list, fmt.Sprintf("%d kB were written to temporary files", 8*temp))
	}
	return list
}

// String returns the plan as an indented list, much like EXPLAIN's own text.
func (p Plan) String() string {
	var b strings.Builder
	for depth, n := range p.Nodes() {
		fmt.Fprintf(&b, "%*s%s (cost %.0f, rows %.0f", 2*depth, "", n.name(), n.Cost, n.Rows)
		if n.Loops > 0 {
			fmt.Fprintf(&b, "; %.3f ms, rows %.0f", n.ActualMillis, n.ActualRows)
			if n.Loops != 1 {
				fmt.Fprintf(&b, ", %.0f times", n.Loops)
			}
		}
		b.WriteString(")\n")
		for _, condition := range []struct{ name, text string }{{"Index Cond", n.IndexCond}, {"Recheck Cond", n.RecheckCond}, {"Filter", n.Filter}} {
			if condition.text != "" {
				fmt.Fprintf(&b, "%*s%s: %s\n", 2*depth+4, "", condition.name, condition.text)
			}
		}
	}
	if p.ExecutionMillis > 0 {
		fmt.Fprintf(&b, "planned in %.3f ms, run in %.3f ms\n", p.PlanningMillis, p.ExecutionMillis)
	}
	return b.String()
}

func (n PlanNode) name() string {
	name := n.Type
	if n.Index != "" {
		name += " using " + n.Index
	}
	if n.Relation != "" {
		name += " on " + n.Relation
	}
	if n.Subplan != "" {
		name = n.Subplan + ": " + name
	}
	return name
}
