package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime"
	"github.com/spf13/cobra"
)

func (p *program) assetsInstallCommand() *cobra.Command {
	var in installation
	c := &cobra.Command{
		Use:   "install [flags]",
		Short: "Install the files on this machine",
		Long: `Fetch the packages with npm, verify and unpack them, and compile PostgreSQL for
this machine. An installation that is there is replaced when the new one is
complete.

The folder is printed in the end. It is the one that CALF_ASSETS names, or one in
the user's cache folder; --dir names another, which programs find if CALF_ASSETS
names it.

With --legacy, what is installed is PostgreSQL 16 and 17, as PGlite 0.2 and 0.4
had them, which calf upgrade needs; --legacy=17 is one of them.`,
		Example: `  calf assets install
  calf assets install --from pglite.tgz,pgvector.tgz,tools.tgz
  calf assets install --legacy
  calf assets install --legacy=17 --from electric-sql-pglite-0.4.6.tgz`,
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.StringVar(&in.dir, "dir", "", "`folder` to install to")
	f.StringSliceVar(&in.from, "from", nil, "package `tarballs` (of npm pack) to use instead of npm")
	f.StringSliceVar(&in.legacy, "legacy", nil, "install earlier `versions` of PostgreSQL instead")
	f.Lookup("legacy").NoOptDefVal = strings.Join(runtime.LegacyVersions(), ",")
	return p.does(c, func(ctx context.Context, _ []string) error { return p.install(ctx, in) })
}

// An installation is what calf assets install was asked for.
type installation struct {
	dir          string
	from, legacy []string
}

func (p *program) install(ctx context.Context, in installation) error {
	if len(in.legacy) > 1 && (in.dir != "" || len(in.from) > 0) {
		return usage("--dir and --from are for one version: use --legacy=" + in.legacy[0])
	}
	for _, version := range in.legacy {
		if runtime.LegacyGroup(version) == "" {
			return usage(fmt.Sprintf("--legacy=%s is none of %s", version, strings.Join(runtime.LegacyVersions(), " and ")))
		}
	}
	cacheDir, err := runtime.DefaultCacheDir()
	if err != nil {
		return err
	}
	s := newSteps(p.stderr)
	defer s.stop()
	detail := func(doing string) { s.step("     " + doing) }
	configs := []assets.InstallConfig{{Derive: runtime.Derive(cacheDir, detail)}}
	if len(in.legacy) > 0 {
		configs = nil
		for _, version := range in.legacy {
			configs = append(configs, assets.InstallConfig{
				Group: runtime.LegacyGroup(version), Derive: runtime.DeriveLegacy(version, cacheDir, detail),
			})
		}
	}
	var dirs []string
	for _, c := range configs {
		c.Dir, c.From = in.dir, in.from
		c.Progress = func(step assets.Step) { s.step(fmt.Sprintf("%d/%d  %s", step.Number, step.Total, step.Doing)) }
		dir, err := assets.Install(ctx, c)
		if err != nil {
			return err
		}
		dirs = append(dirs, dir)
	}
	s.step("done")
	_, err = fmt.Fprintln(p.stdout, strings.Join(dirs, "\n"))
	return err
}
