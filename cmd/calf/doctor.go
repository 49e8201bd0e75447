package main

import (
	"context"
	"fmt"

	"github.com/calfdb/calf/cmd/calf/internal/doctor"
	"github.com/spf13/cobra"
)

func (p *program) doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor [flags]",
		Short: "Check whether calf works on this machine",
		Long: `Check what calf needs of this machine, and open a database in memory. Each line
tells of one check, and after an arrow what to do about it. The exit status is 1
if a check failed.`,
		Example: `  calf doctor
  calf doctor --json`,
		Args: cobra.NoArgs,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return p.does(c, func(ctx context.Context, _ []string) error {
		var findings []doctor.Finding
		healthy := doctor.Examine(ctx, func(f doctor.Finding) {
			findings = append(findings, f)
			if !asJSON {
				p.printFinding(f)
			}
		})
		if err := ctx.Err(); err != nil {
			return err
		}
		if asJSON {
			err := p.printJSON(struct {
				Healthy bool             `json:"healthy"`
				Checks  []doctor.Finding `json:"checks"`
			}{healthy, findings})
			if err != nil {
				return err
			}
		}
		if !healthy {
			return errReported
		}
		return nil
	})
}

func (p *program) printFinding(f doctor.Finding) {
	fmt.Fprintf(p.stdout, "%-4s  %-17s  %s\n", f.Status, f.Check, f.Detail)
	if f.Hint != "" {
		fmt.Fprintf(p.stdout, "%25s-> %s\n", "", f.Hint)
	}
}
