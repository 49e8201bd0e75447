package pglite_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"go.uber.org/goleak"
)

// holdEnv names the variable that makes this program one that opens the
// directory it names, says so, and keeps it open as long as its input.
const holdEnv = "CALF_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		if err := hold(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if spec := os.Getenv(childEnv); spec != "" {
		fmt.Fprintln(os.Stderr, child(spec))
		os.Exit(1)
	}
	if name := os.Getenv(memoryEnv); name != "" {
		os.Exit(memoryChild(name))
	}
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		flag.Parse()
		if err := flag.Set("test.skip", "^Example"); err != nil { // they need the guest, and cannot skip themselves
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

func hold(dir string) error {
	db, err := pglite.Open(context.Background(), dir)
	if err != nil {
		return err
	}
	fmt.Println("open")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, db.Close())
}
