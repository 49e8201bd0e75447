package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/calfdb/calf/assets"
	"github.com/spf13/cobra"
)

func (p *program) assetsInfoCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "info [flags]",
		Short:   "Tell what is installed, and where",
		Example: `  calf assets info --json`,
		Args:    cobra.NoArgs,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return p.does(c, func(context.Context, []string) error {
		set, err := assets.Open()
		if err != nil {
			return err
		}
		info := newAssetsInfo(set.Info())
		if asJSON {
			return p.printJSON(info)
		}
		return info.print(p)
	})
}

// assetsInfo is what calf assets info prints.
type assetsInfo struct {
	Origin   string          `json:"origin"`
	Dir      string          `json:"dir,omitempty"`
	Group    string          `json:"group"`
	Lock     string          `json:"lock"`
	Packages []packageInfo   `json:"packages"`
	Files    []assetFileInfo `json:"files"`
}

type packageInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type assetFileInfo struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Key    string `json:"key,omitempty"`
}

func newAssetsInfo(i assets.Info) assetsInfo {
	info := assetsInfo{Origin: string(i.Origin), Dir: i.Dir, Group: i.Group, Lock: i.Lock}
	for _, pkg := range i.Packages {
		info.Packages = append(info.Packages, packageInfo(pkg))
	}
	for _, f := range i.Files {
		info.Files = append(info.Files, assetFileInfo(f))
	}
	return info
}

func (i assetsInfo) print(p *program) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "origin\t%s\n", i.Origin)
	if i.Dir != "" {
		fmt.Fprintf(w, "folder\t%s\n", i.Dir)
	}
	fmt.Fprintf(w, "lock\t%s\n", i.Lock)
	for _, pkg := range i.Packages {
		fmt.Fprintf(w, "package\t%s@%s\n", pkg.Name, pkg.Version)
	}
	for _, f := range i.Files {
		made := ""
		if f.Key != "" {
			made = "\tmade here: " + f.Key
		}
		fmt.Fprintf(w, "file\t%s\t%s%s\n", f.Name, size(f.Size), made)
	}
	return w.Flush()
}
