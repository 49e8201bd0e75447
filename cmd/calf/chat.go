package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/calfdb/calf/pglite/presenter"
	"github.com/spf13/cobra"
)

// chat is the flags that the commands on conversations share.
type chat struct {
	target target
}

func (p *program) chatCommand() *cobra.Command {
	k := &chat{}
	c := p.group(&cobra.Command{
		Use:   "chat",
		Short: "Read conversations",
		Long: `Read the conversations that package presenter keeps in a database: --db is a
directory, or the postgres:// URL of any PostgreSQL from 15 on.`,
	})
	k.target.addTo(c)
	c.AddCommand(k.listCommand(p), k.showCommand(p), k.searchCommand(p), k.exportCommand(p))
	return c
}

// with runs a function on the conversations of a database that has some.
func (k *chat) with(ctx context.Context, p *program, language string, f func(*presenter.Presenter) error) (err error) {
	pool, done, err := k.target.pool(ctx, p, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	pr, err := presenter.New(ctx, pool, presenter.Config{NoMigrate: true, Language: language})
	if err != nil {
		if migration := (*presenter.MigrationError)(nil); errors.As(err, &migration) {
			err = fmt.Errorf("%s has no conversations that this release knows: %w", withoutPassword(k.target.db), err)
		}
		return err
	}
	defer pr.Close()
	return f(pr)
}

// withoutPassword is a --db that may be printed.
func withoutPassword(db string) string {
	if !isURL(db) {
		return db
	}
	return "the server"
}

func (k *chat) listCommand(p *program) *cobra.Command {
	var all, asJSON bool
	var limit int
	c := &cobra.Command{
		Use:   "list [flags]",
		Short: "List conversations, the last updated first",
		Args:  cobra.NoArgs,
	}
	f := c.Flags()
	f.IntVar(&limit, "limit", 50, "largest `number` of conversations")
	f.BoolVar(&all, "all", false, "list all")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return p.does(c, func(ctx context.Context, _ []string) error {
		if limit < 1 {
			return usage("--limit is less than 1")
		}
		return k.with(ctx, p, "", func(pr *presenter.Presenter) error {
			list, err := conversations(ctx, pr, limit, all)
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(list)
			}
			w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			for _, c := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\n", printable(c.ID), c.UpdatedAt.Format(time.DateTime), line(c.Title))
			}
			return w.Flush()
		})
	})
}

// conversations reads as many pages as it takes.
func conversations(ctx context.Context, pr *presenter.Presenter, limit int, all bool) ([]presenter.Conversation, error) {
	list := []presenter.Conversation{}
	var after presenter.Cursor
	for all || len(list) < limit {
		n := presenter.MaxPage
		if !all {
			n = min(n, limit-len(list))
		}
		page, next, err := pr.ListConversations(ctx, presenter.ConversationList{After: after, Limit: n})
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if after = next; after == "" {
			break
		}
	}
	return list, nil
}

// line is a text for one line of a terminal.
func line(s string) string { return printable(strings.Join(strings.Fields(s), " ")) }

func (k *chat) showCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "show [flags] ID",
		Short: "Print a conversation",
		Long: `Print a conversation for people: without variants and metadata, and with the
control characters left out that a terminal would obey.`,
		Args: cobra.ExactArgs(1),
	}
	return p.does(c, func(ctx context.Context, args []string) error {
		return k.with(ctx, p, "", func(pr *presenter.Presenter) error {
			var text strings.Builder
			if err := pr.Export(ctx, &text, args[0], presenter.Markdown); err != nil {
				return err
			}
			_, err := io.WriteString(p.stdout, printable(text.String()))
			return err
		})
	})
}

func (k *chat) searchCommand(p *program) *cobra.Command {
	var o presenter.SearchOptions
	var language string
	var asJSON bool
	c := &cobra.Command{
		Use:   "search [flags] WORDS...",
		Short: "Search messages and titles, the newest first",
		Long: `Search messages and titles, the newest first. All words must be there, in any of
their forms; "quoted ones" in a row, or separates alternatives, and - excludes
(after --, so that it is no flag).`,
		Example: `  calf chat search --db ./data planets
  calf chat search --db ./data -- '"giant planet" -saturn'`,
		Args: cobra.MinimumNArgs(1),
	}
	f := c.Flags()
	f.StringVar(&o.ConversationID, "conversation", "", "`id` of the only conversation to search")
	f.IntVar(&o.Limit, "limit", 20, "largest `number` of messages")
	f.BoolVar(&o.Best, "best", false, "print the best of the newest first")
	f.BoolVar(&o.TitlesOnly, "titles", false, "search titles only")
	f.StringVar(&language, "language", "english", "text search `configuration` of PostgreSQL")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return p.does(c, func(ctx context.Context, args []string) error {
		if o.Limit < 1 || o.Limit > presenter.MaxPage {
			return usage(fmt.Sprintf("--limit %d is not between 1 and %d", o.Limit, presenter.MaxPage))
		}
		return k.with(ctx, p, language, func(pr *presenter.Presenter) error {
			hits, _, err := pr.Search(ctx, strings.Join(args, " "), o)
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(append([]presenter.SearchHit{}, hits...))
			}
			if len(hits) == 0 {
				_, err := fmt.Fprintln(p.stdout, "nothing was found")
				return err
			}
			for _, h := range hits {
				what := "title"
				if h.MessageID != "" {
					what = string(h.Role)
				}
				if _, err := fmt.Fprintf(p.stdout, "%s  %s  %s: %s\n   %s\n", h.At.Format(time.DateTime), printable(h.ConversationID),
					line(h.Title), what, line(h.Snippet.Mark("*", "*", nil))); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (k *chat) exportCommand(p *program) *cobra.Command {
	var format, to string
	c := &cobra.Command{
		Use:   "export [flags] ID",
		Short: "Write a conversation to a file",
		Long: `Write a conversation, with everything in JSON, which programs read, or as Markdown,
for people. A file replaces one of its name when it is complete.`,
		Example: `  calf chat export --db ./data --output planets.md wkU3a`,
		Args:    cobra.ExactArgs(1),
	}
	f := c.Flags()
	f.StringVar(&format, "format", "", "json or markdown (default by the file's name, else json)")
	f.StringVarP(&to, "output", "o", "-", "`file` to write; - is standard output")
	return p.does(c, func(ctx context.Context, args []string) error {
		switch {
		case format == "" && (strings.HasSuffix(to, ".md") || strings.HasSuffix(to, ".markdown")):
			format = string(presenter.Markdown)
		case format == "":
			format = string(presenter.JSON)
		case format != string(presenter.JSON) && format != string(presenter.Markdown):
			return usage(fmt.Sprintf("--format must be json or markdown, not %q", format))
		}
		return k.with(ctx, p, "", func(pr *presenter.Presenter) error {
			write := func(w io.Writer) error { return pr.Export(ctx, w, args[0], presenter.Format(format)) }
			if to == "-" {
				return write(p.stdout)
			}
			return toFile(to, write)
		})
	})
}
