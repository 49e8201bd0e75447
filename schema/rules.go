package schema

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Rule is what rows must fulfil and no constraint can say. It is a file
// rules/TABLE.NAME.sql of a set.
type Rule struct {
	// Table is the table that it is about, and Name what the rule is called.
	Table, Name string
	// Text is the rule in words: the comment that the file begins with.
	Text string
	// Query finds the rows that break the rule, and returns two texts for each:
	// what identifies it, and what is wrong, such as "has the number 0". It
	// only reads, and has no semicolon at its end.
	Query string
}

// Rules returns the rules of the set, in the order of their files. The caller
// owns the slice.
func (s *Set) Rules() []Rule { return slices.Clone(s.rules) }

// loadRules reads the files of rules.
func loadRules(fsys fs.FS) ([]Rule, error) {
	files, err := fs.Glob(fsys, "rules/*.sql")
	if err != nil {
		return nil, err
	}
	var rules []Rule
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		table, name, ok := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), ".")
		if !ok || table == "" || name == "" {
			return nil, fmt.Errorf("%s is not named like rules/TABLE.NAME.sql", file)
		}
		rule := Rule{Table: table, Name: name}
		var words, query []string
		for _, line := range lines(string(text)) {
			if comment, ok := strings.CutPrefix(line, "--"); ok && query == nil {
				words = append(words, strings.TrimSpace(comment))
				continue
			}
			query = append(query, line)
		}
		rule.Text, rule.Query = strings.Join(words, " "), strings.Join(query, "\n")
		if rule.Text == "" || rule.Query == "" {
			return nil, fmt.Errorf("%s needs a comment that says the rule, and a query below it", file)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}
