package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/cmd/calf/internal/doctor"
	"github.com/calfdb/calf/cmd/calf/internal/errtext"
	"github.com/calfdb/calf/pglite"
	"github.com/spf13/cobra"
)

// versions is what calf version prints.
type versions struct {
	Calf     string `json:"calf"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	// Packages are what PostgreSQL comes from, and Assets is why they are not
	// known.
	Packages []packageInfo `json:"packages,omitempty"`
	Assets   string        `json:"assets,omitempty"`
	// PostgreSQL and PgVector were asked of a database.
	PostgreSQL string `json:"postgresql,omitempty"`
	PgVector   string `json:"pgvector,omitempty"`
	Wazero     string `json:"wazero"`
	Engine     string `json:"engine"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
}

func (p *program) versionCommand() *cobra.Command {
	var asJSON, verbose bool
	c := &cobra.Command{
		Use:   "version [flags]",
		Short: "Print versions",
		Long: `Print the versions of calf and of what it is made of. With --verbose, PostgreSQL is
started and asked for its own.`,
		Example: `  calf version --verbose`,
		Args:    cobra.NoArgs,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "ask PostgreSQL for its version")
	return p.does(c, func(ctx context.Context, _ []string) error {
		v := collectVersions()
		if verbose {
			if err := v.ask(ctx, p); err != nil {
				return err
			}
		}
		if asJSON {
			return p.printJSON(v)
		}
		return v.print(p)
	})
}

// collectVersions returns what is known without starting PostgreSQL.
func collectVersions() versions {
	v := versions{
		Calf: "unknown", Wazero: "unknown", Engine: "compiler",
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if supported, reason := doctor.CompilerSupported(); !supported {
		v.Engine = "interpreter: " + reason
	}
	if b, ok := debug.ReadBuildInfo(); ok {
		v.addBuild(b)
	}
	set, err := assets.Open()
	if err != nil {
		v.Assets = errtext.Line(err)
		return v
	}
	for _, pkg := range set.Info().Packages {
		v.Packages = append(v.Packages, packageInfo(pkg))
	}
	return v
}

// addBuild adds what the program was built of. calf is the main module, or a
// dependency of it.
func (v *versions) addBuild(b *debug.BuildInfo) {
	const calf, wazero = "github.com/calfdb/calf", "github.com/tetratelabs/wazero"
	for _, m := range append(b.Deps, &b.Main) {
		version := m.Version
		if m.Replace != nil {
			version += " (replaced by " + strings.TrimSpace(m.Replace.Path+" "+m.Replace.Version) + ")"
		}
		switch m.Path {
		case calf:
			v.Calf = version
		case wazero:
			v.Wazero = version
		}
	}
	if b.Main.Path != calf {
		return
	}
	for _, s := range b.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Revision = s.Value + v.Revision
		case s.Key == "vcs.time":
			v.Time = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			v.Revision += " (modified)"
		}
	}
}

// ask starts PostgreSQL.
func (v *versions) ask(ctx context.Context, p *program) error {
	d := database{dir: pglite.Memory}
	db, err := d.open(ctx, p)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.QueryRow(ctx, `SELECT version(), coalesce((
		SELECT default_version FROM pg_available_extensions WHERE name = 'vector'), '')`).Scan(&v.PostgreSQL, &v.PgVector)
}

func (v versions) print(p *program) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("calf", v.Calf)
	row("revision", strings.TrimSpace(v.Revision+"  "+v.Time))
	row("PostgreSQL", v.PostgreSQL)
	row("pgvector", v.PgVector)
	for _, pkg := range v.Packages {
		row(pkg.Name, pkg.Version)
	}
	row("assets", v.Assets)
	row("wazero", v.Wazero+", "+v.Engine)
	row("Go", v.Go+" "+v.Platform)
	return w.Flush()
}
