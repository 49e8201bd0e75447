package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/calfdb/calf/cmd/calf/internal/errtext"
	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// A program is one run of calf.
type program struct {
	given          io.Reader // standard input, for other programs
	stdin          io.Reader // the same, interruptible
	terminal       bool      // stdin is one
	stdout, stderr io.Writer
	started        bool // a command has begun; errors before that are of usage
}

// run runs calf with arguments, and returns its exit status. When ctx is
// cancelled, it stops what it is doing and cleans up.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{given: stdin, stdin: interruptible(ctx, stdin), terminal: isTerminal(stdin), stdout: stdout, stderr: stderr}
	root := p.root()
	root.SetArgs(append([]string{}, args...))
	root.SetIn(p.stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return p.report(ctx, cmd, err)
}

// root returns the command tree.
func (p *program) root() *cobra.Command {
	root := p.group(&cobra.Command{
		Use:   "calf",
		Short: "PostgreSQL without a server",
		Long: `calf runs PostgreSQL inside a process, on a directory or in memory.

Install its files once with "calf assets install". "calf doctor" tells what is
missing.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.AddCommand(p.assetsCommand(), p.queryCommand(), p.serveCommand(), p.runCommand(), p.dumpCommand(), p.restoreCommand(), p.pushCommand(),
		p.inspectCommand(), p.upgradeCommand(), p.chatCommand(), p.knowledgeCommand(), p.dbsCommand(), p.doctorCommand(),
		p.versionCommand())
	return root
}

// group makes a command out of commands. Without one of them it prints its help.
func (p *program) group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("unknown command %q", args[0])
		}
		return c.Help()
	}
	return c
}

// does makes a command do something.
func (p *program) does(c *cobra.Command, do func(ctx context.Context, args []string) error) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		p.started = true
		return do(c.Context(), args)
	}
	return c
}

// exited is the error of a command that has told all there is to tell but its status.
type exited int

func (e exited) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// errReported is that of most.
const errReported = exited(exitFailed)

// errInterrupted is the cause of the end of what a signal ended.
var errInterrupted = errors.New("interrupted")

// usage is an error in how a command was called.
type usage string

func (u usage) Error() string { return string(u) }

// report prints an error as one line, and returns the exit status.
func (p *program) report(ctx context.Context, cmd *cobra.Command, err error) int {
	asked, status := usage(""), exited(0)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, syscall.EPIPE):
		return exitFailed
	case !p.started, errors.As(err, &asked):
		fmt.Fprintf(p.stderr, "calf: %s (see %s --help)\n", errtext.Line(err), cmd.CommandPath())
		return exitUsage
	case ctx.Err() == nil:
	case errors.Is(err, context.Canceled), errors.Is(err, errInterrupted):
		err = errInterrupted
	default:
		err = fmt.Errorf("%w (%s)", errInterrupted, errtext.Line(err))
	}
	fmt.Fprintf(p.stderr, "calf: %s\n", errtext.Line(err))
	return exitFailed
}
