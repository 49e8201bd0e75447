// Command quickstart shows calf at work on a text corpus that every Go machine has: the documentation of Go's standard
// library.
//
// It opens a database in a directory, loads some thousand declarations with COPY, indexes them for full-text search (GIN)
// and for nearest neighbours (pgvector's HNSW), and answers questions by words, by vector and by both. Then it closes the
// database, opens the directory again, and compares.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -dir ./godoc.pg "how do I read a file line by line"
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// questions are asked if the command line has none.
var questions = []string{
	"escape text so that it is safe inside an HTML page",
	"compare two byte slices in constant time",
	"run an external command and capture its output",
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "", "the data directory, which is made if it does not exist and stays; default is a temporary one")
	flag.StringVar(&o.goroot, "goroot", "", "the GOROOT whose standard library to read; default is the one of the go command")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: quickstart [flags] [question ...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	o.questions = flag.Args()
	if len(o.questions) == 0 {
		o.questions = questions
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := inDirectory(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		stop()
		os.Exit(1)
	}
}

// inDirectory runs the quickstart in the directory that was asked for, or in a
// temporary one.
func inDirectory(ctx context.Context, o options) (err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "calf-quickstart-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	}
	return run(ctx, o, os.Stdout)
}
