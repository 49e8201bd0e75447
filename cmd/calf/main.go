// Command calf works with calf's databases, which are PostgreSQL without a
// server, from the command line.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// Writing to a pipe that nobody reads is an error, not the end: a database
	// is still to be closed.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(context.Background())
	go watchSignals(cancel)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// watchSignals cancels at the first signal that asks for the end, and ends the
// program at the second one.
func watchSignals(cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	cancel(errInterrupted)
	<-signals
	fmt.Fprintln(os.Stderr, "calf: interrupted twice; what is open will be recovered when it is opened again")
	os.Exit(exitFailed)
}
