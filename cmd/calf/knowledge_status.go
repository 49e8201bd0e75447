package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/calfdb/calf/pglite/presenter"
	"github.com/spf13/cobra"
)

// baseStatus is what calf knowledge status tells of a base.
type baseStatus struct {
	presenter.Base
	Files  map[presenter.TaskStatus]int64 `json:"files"`
	Chunks map[presenter.TaskStatus]int64 `json:"chunks"`
	Index  presenter.VectorIndex          `json:"index"`
	Failed []failedFile                   `json:"failed,omitempty"`
}

type failedFile struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

func (k *knowledge) statusCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "status [flags]",
		Short: "Tell what knowledge bases there are, and how far they are",
		Long: `Tell what knowledge bases there are, or about the one that --base names: what makes
their vectors, how far files and their pieces are, and what went wrong.

The exit status is 1 if a file could not be embedded.`,
		Args: cobra.NoArgs,
	}
	return p.does(c, func(ctx context.Context, _ []string) error {
		return k.with(ctx, p, false, func(pr *presenter.Presenter) error {
			only := ""
			if c.Flags().Changed("base") {
				only = k.base
			}
			return k.status(ctx, p, pr, only)
		})
	})
}

func (k *knowledge) status(ctx context.Context, p *program, pr *presenter.Presenter, only string) error {
	bases, err := pr.Bases(ctx)
	if err != nil {
		return err
	}
	if only != "" {
		b, err := pr.Base(ctx, only)
		if err != nil {
			return err
		}
		bases = []presenter.Base{b}
	}
	list, failed := []baseStatus{}, false
	for _, b := range bases {
		s, err := statusOf(ctx, pr, b)
		if err != nil {
			return err
		}
		list = append(list, s)
		failed = failed || len(s.Failed) > 0
	}
	if k.json {
		err = p.printJSON(list)
	} else {
		err = printStatus(p, list)
	}
	if err == nil && failed {
		err = errReported
	}
	return err
}

func statusOf(ctx context.Context, pr *presenter.Presenter, b presenter.Base) (s baseStatus, err error) {
	s.Base = b
	if s.Files, s.Chunks, err = pr.CountTasks(ctx, b.ID); err != nil {
		return s, err
	}
	if s.Index, err = pr.VectorIndex(ctx, b.ID); err != nil {
		return s, err
	}
	files, err := pr.Files(ctx, presenter.FileFilter{BaseID: b.ID, Status: presenter.InError})
	for _, f := range files {
		s.Failed = append(s.Failed, failedFile{f.Path, f.Error})
	}
	return s, err
}

func printStatus(p *program, list []baseStatus) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(p.stdout, "there are no knowledge bases")
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for i, s := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		index := "none: searches compare all vectors"
		if s.Index.Kind != "" {
			index = fmt.Sprintf("%s, %s", s.Index.Kind, size(s.Index.Bytes))
		}
		fmt.Fprintf(w, "%s\nmodel\t%s, %d dimensions, %s\nfiles\t%s\npieces\t%s\nvectors\t%d\nindex\t%s\n",
			printable(s.ID), printable(s.Model), s.Dimensions, s.Metric, counts(s.Files), counts(s.Chunks), s.Index.Vectors, index)
		for _, f := range s.Failed {
			fmt.Fprintf(w, "failed\t%s: %s\n", printable(f.Path), printable(f.Error))
		}
	}
	return w.Flush()
}

// counts says how many there are, and how many are not done.
func counts(n map[presenter.TaskStatus]int64) string {
	var all int64
	rest := ""
	for _, s := range []presenter.TaskStatus{presenter.Completed, presenter.Processing, presenter.Paused, presenter.InError} {
		all += n[s]
		if s != presenter.Completed && n[s] > 0 {
			rest += fmt.Sprintf(", %d %s", n[s], s)
		}
	}
	return fmt.Sprint(all) + rest
}

func (k *knowledge) listCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "list [flags]",
		Short: "List the files of a knowledge base",
		Args:  cobra.NoArgs,
	}
	return p.does(c, func(ctx context.Context, _ []string) error {
		return k.with(ctx, p, false, func(pr *presenter.Presenter) error {
			if _, err := pr.Base(ctx, k.base); err != nil {
				return err
			}
			files, err := pr.Files(ctx, presenter.FileFilter{BaseID: k.base})
			if err != nil {
				return err
			}
			if k.json {
				return p.printJSON(append([]presenter.File{}, files...))
			}
			w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			for _, f := range files {
				fmt.Fprintf(w, "%s\t%s\t%s\n", f.UploadedAt.Format(time.DateTime), f.Status, printable(f.Path))
			}
			return w.Flush()
		})
	})
}
