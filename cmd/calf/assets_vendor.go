package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/cmd/calf/internal/gomod"
	"github.com/spf13/cobra"
)

func (p *program) assetsVendorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "vendor DIR",
		Short: "Write a Go package with the files",
		Long: `Write a Go package that has the files embedded. A program that imports it needs
no installation.`,
		Example: `  calf assets vendor internal/postgres`,
		Args:    cobra.ExactArgs(1),
	}
	return p.does(c, func(_ context.Context, args []string) error {
		set, err := assets.Open()
		if err != nil {
			return err
		}
		if err := assets.Vendor(args[0], set); err != nil {
			return err
		}
		dir, err := filepath.Abs(args[0])
		if err != nil {
			return err
		}
		path, err := gomod.ImportPath(dir)
		if err != nil {
			_, err = fmt.Fprintf(p.stdout, "Wrote %s. Import it for its side effect, with the name _.\n", dir)
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "Wrote %s. Import it for its side effect:\n\n\timport _ %q\n", dir, path)
		return err
	})
}
