package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/calfdb/calf/pglite/presenter"
	"github.com/spf13/cobra"
)

// searching is the flags of calf knowledge search.
type searching struct {
	*knowledge
	limit     int
	vectors   bool
	exact     bool
	threshold float64
	paths     []string
}

func (k *knowledge) searchCommand(p *program) *cobra.Command {
	s := &searching{knowledge: k}
	c := &cobra.Command{
		Use:   "search [flags] WORDS...",
		Short: "Search a knowledge base",
		Long: `Search a knowledge base, by the words and by the vector of what is looked for, and
print the best pieces. Those that both ways find come first.`,
		Example: `  calf knowledge search --db ./data how are files locked
  calf knowledge search --db ./data --vectors --limit 3 --json locks`,
		Args: cobra.MinimumNArgs(1),
	}
	f := c.Flags()
	f.IntVar(&s.limit, "limit", 5, "largest `number` of pieces")
	f.BoolVar(&s.vectors, "vectors", false, "search by the vector only")
	f.BoolVar(&s.exact, "exact", false, "compare all vectors, without an index")
	f.Float64Var(&s.threshold, "threshold", 0, "`similarity` of vectors that is needed (default any)")
	f.StringArrayVar(&s.paths, "file", nil, "`path` of a file to search, as list prints it; may be given several times")
	return p.does(c, func(ctx context.Context, args []string) error {
		o := presenter.QueryOptions{Limit: s.limit, Exact: s.exact}
		if s.limit < 1 || s.limit > presenter.MaxPage {
			return usage(fmt.Sprintf("--limit %d is not between 1 and %d", s.limit, presenter.MaxPage))
		}
		if c.Flags().Changed("threshold") {
			o.Threshold = &s.threshold
		}
		return k.with(ctx, p, false, func(pr *presenter.Presenter) error { return s.run(ctx, p, pr, strings.Join(args, " "), o) })
	})
}

func (s *searching) run(ctx context.Context, p *program, pr *presenter.Presenter, words string, o presenter.QueryOptions) error {
	b, err := pr.Base(ctx, s.base)
	if err != nil {
		return err
	}
	for _, path := range s.paths {
		files, err := pr.Files(ctx, presenter.FileFilter{BaseID: s.base, Path: path})
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return fmt.Errorf("knowledge base %q has no file %s", s.base, path)
		}
		for _, f := range files {
			o.Filter.FileIDs = append(o.Filter.FileIDs, f.ID)
		}
	}
	e, err := (&model{}).of(b)
	if err != nil {
		return err
	}
	vectors, err := e.Embed(ctx, []string{words})
	if err != nil {
		return err
	}
	if len(vectors) != 1 {
		return errors.New("the model gave no vector")
	}
	var list []presenter.Match
	if s.vectors {
		list, err = pr.SimilarityQuery(ctx, s.base, vectors[0], o)
	} else {
		list, err = pr.HybridQuery(ctx, s.base, words, vectors[0], presenter.HybridOptions{QueryOptions: o})
	}
	if err != nil {
		return err
	}
	if s.json {
		return p.printJSON(append([]presenter.Match{}, list...))
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(p.stdout, "nothing was found")
		return err
	}
	for i, m := range list {
		if err := printMatch(p, i, m); err != nil {
			return err
		}
	}
	return nil
}

// shown is how much of a piece is printed, in characters.
const shown = 300

func printMatch(p *program, i int, m presenter.Match) error {
	var about struct {
		Heading string `json:"heading"`
	}
	_ = json.Unmarshal(m.Metadata, &about) // what is not there is not printed
	where := fmt.Sprintf("%d. %s, piece %d", i+1, m.FilePath, m.ChunkIndex+1)
	if about.Heading != "" {
		where += ", " + about.Heading
	}
	if m.VectorID != "" {
		where += fmt.Sprintf(" (%.2f)", m.Similarity)
	}
	text := []rune(strings.Join(strings.Fields(m.Content), " "))
	if len(text) > shown {
		text = append(text[:shown], '…')
	}
	_, err := fmt.Fprintf(p.stdout, "%s\n   %s\n", printable(where), printable(string(text)))
	return err
}

// printable leaves out what a terminal takes for a command.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}
