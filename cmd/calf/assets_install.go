package main

import (
	"context"
	"fmt"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/runtime"
	"github.com/spf13/cobra"
)

func (p *program) assetsInstallCommand() *cobra.Command {
	var dir string
	var from []string
	c := &cobra.Command{
		Use:   "install [flags]",
		Short: "Install the files on this machine",
		Long: `Fetch the packages with npm, verify and unpack them, and compile PostgreSQL for
this machine. An installation that is there is replaced when the new one is
complete.

The folder is printed in the end. It is the one that CALF_ASSETS names, or one in
the user's cache folder; --dir names another, which programs find if CALF_ASSETS
names it.`,
		Example: `  calf assets install
  calf assets install --from pglite.tgz,pgvector.tgz,tools.tgz`,
		Args: cobra.NoArgs,
	}
	c.Flags().StringVar(&dir, "dir", "", "`folder` to install to")
	c.Flags().StringSliceVar(&from, "from", nil, "package `tarballs` (of npm pack) to use instead of npm")
	return p.does(c, func(ctx context.Context, _ []string) error {
		cacheDir, err := pglite.DefaultCacheDir()
		if err != nil {
			return err
		}
		s := newSteps(p.stderr)
		defer s.stop()
		dir, err := assets.Install(ctx, assets.InstallConfig{
			Dir:      dir,
			From:     from,
			Progress: func(step assets.Step) { s.step(fmt.Sprintf("%d/%d  %s", step.Number, step.Total, step.Doing)) },
			Derive:   runtime.Derive(cacheDir, func(doing string) { s.step("     " + doing) }),
		})
		if err != nil {
			return err
		}
		s.step("done")
		_, err = fmt.Fprintln(p.stdout, dir)
		return err
	})
}
