package dump

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckDumpArgs(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"", "-s -t x --inserts", "-Fc", "-F c", "--format=custom", "--format t", "-d x", "-dx", "x", "-tfoo", "-t -f", "-Z9", "-- -f",
		"--filter=-", "--no-password", "--help", "--quote-all-identifiers", "-svO", "-", "--on-conflict-do-nothing",
		"-T -h", "--restrict-key=x", "--if-exists", "--", "-d dbname=x",
	} {
		require.NoError(t, checkDumpArgs(strings.Fields(args)), args)
	}
	for args, why := range map[string]string{
		"-f x":                "the argument -f: the dump goes to the writer",
		"-fx":                 "the argument -f: the dump goes to the writer",
		"-sf x":               "the argument -f: the dump goes to the writer",
		"--file=x":            "the argument --file: the dump goes to the writer",
		"--fil x":             "the argument --file: the dump goes to the writer",
		"-t x -h y":           "the argument -h: the server is given otherwise",
		"--host y":            "the argument --host: the server is given otherwise",
		"-p5":                 "the argument -p: the server is given otherwise",
		"-W":                  "the argument -W: there is nobody to ask",
		"-vW":                 "the argument -W: there is nobody to ask",
		"--jobs=2":            "the argument --jobs: pg_dump runs in one process",
		"-Fd":                 `the format "d": a dump that is a folder does not go to a writer`,
		"-F directory":        `the format "directory": a dump that is a folder does not go to a writer`,
		"--format=Directory":  `the format "Directory": a dump that is a folder does not go to a writer`,
		"--format directory":  `the format "directory": a dump that is a folder does not go to a writer`,
		"-s --form directory": `the format "directory": a dump that is a folder does not go to a writer`,
	} {
		require.EqualError(t, checkDumpArgs(strings.Fields(args)), why, args)
	}
}

func FuzzCheckDumpArgs(f *testing.F) {
	f.Add("-sf x --fil -F")
	f.Fuzz(func(_ *testing.T, args string) { _ = checkDumpArgs(strings.Split(args, " ")) })
}
