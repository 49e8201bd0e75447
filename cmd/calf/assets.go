package main

import (
	"github.com/spf13/cobra"
)

func (p *program) assetsCommand() *cobra.Command {
	c := p.group(&cobra.Command{
		Use:   "assets",
		Short: "Install PostgreSQL's files, or ship them",
		Long: `PostgreSQL's files are PGlite's npm packages, at the versions and with the hashes
that this release of calf was made for.`,
	})
	c.AddCommand(p.assetsInstallCommand(), p.assetsVendorCommand(), p.assetsInfoCommand())
	return c
}
