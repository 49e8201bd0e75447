// Command lockgen writes assets/lock.json: it takes the packages that the lock names, hashes them and what calf uses of
// them, and computes what an installation makes of them.
//
// To move to another release of a package:
//
//	go run ./assets/lockgen @electric-sql/pglite@0.5.17
//
// Without arguments the versions stay as they are. To see whether the lock is what the packages give:
//
//	go run ./assets/lockgen -check
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/calfdb/calf/assets/internal/lock"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	file := flag.String("lock", "assets/lock.json", "the lock to rewrite")
	from := flag.String("from", "", "folder with the packages' tarballs, to use instead of npm")
	group := flag.String("group", lock.DefaultGroup, "the group whose packages the arguments name")
	check := flag.Bool("check", false, "write nothing, and fail if the lock is not what the packages give")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: lockgen [flags] [package@version ...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(ctx, *file, *from, *group, *check, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "lockgen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file, from, group string, check bool, specs []string) error {
	before, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	l, err := lock.Decode(before)
	if err != nil {
		return err
	}
	if err := setVersions(l, group, specs); err != nil {
		return err
	}
	var get getter = fromNPM
	if from != "" {
		get = fromFolder(from)
	}
	if err := fill(ctx, l, get); err != nil {
		return err
	}
	after, err := l.Encode()
	if err != nil {
		return err
	}
	if bytes.Equal(before, after) {
		return nil
	}
	if check {
		return errors.New(file + " is not what the packages give: run lockgen without -check")
	}
	return os.WriteFile(file, after, 0o644)
}
