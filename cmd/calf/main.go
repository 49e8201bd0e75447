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
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go watchSignals(signals, cancel)
	ctx = context.WithValue(ctx, signalsKey{}, signals)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// watchSignals cancels at the first signal, and ends the program at the second
// one.
func watchSignals(signals chan os.Signal, cancel context.CancelCauseFunc) {
	<-signals
	cancel(errInterrupted)
	<-signals
	fmt.Fprintln(os.Stderr, "calf: interrupted twice; what is open will be recovered when it is opened again")
	os.Exit(exitFailed)
}

// signalsKey is under which a context has the channel that watchSignals watches.
type signalsKey struct{}

// takeSignals returns a channel for signals that nobody else acts on from now
// on, and a function that gives them up.
func takeSignals(ctx context.Context, which ...os.Signal) (signals chan os.Signal, stop func()) {
	signals = make(chan os.Signal, 4)
	signal.Notify(signals, which...)
	if watched, ok := ctx.Value(signalsKey{}).(chan os.Signal); ok {
		signal.Stop(watched)
	}
	return signals, func() { signal.Stop(signals) }
}
