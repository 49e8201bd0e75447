package upgrade_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/stretchr/testify/require"
)

// upgradeEnv says that the test program is to upgrade a directory, and how.
const upgradeEnv = "CALF_TEST_UPGRADE"

// An upgrader is a process that upgrades a directory. At one of its steps it may
// kill itself.
type upgrader struct {
	dir      string
	killAt   string // how the step begins; "" is none
	exchange bool   // of directories in one step
	env      string // of the process, as well

	killAfter time.Duration // from outside; 0 is never
}

// run returns what the child said, and whether it was killed.
func (c upgrader) run(tb testing.TB) (said string, killed bool) {
	tb.Helper()
	self, err := os.Executable()
	require.NoError(tb, err)
	cmd := osexec.CommandContext(tb.Context(), self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%t|%s", upgradeEnv, c.killAt, c.exchange, c.dir))
	if c.env != "" {
		cmd.Env = append(cmd.Env, c.env)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(tb, cmd.Start())
	if c.killAfter > 0 {
		timer := time.AfterFunc(c.killAfter, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err = cmd.Wait()
	if exit := (*osexec.ExitError)(nil); errors.As(err, &exit) && !exit.Exited() {
		return out.String(), true
	}
	if err != nil {
		require.ErrorContains(tb, err, "exit status 1", out.String())
	}
	return out.String(), false
}

// upgradeChild is what the child does instead of testing.
func upgradeChild() int {
	words := strings.SplitN(os.Getenv(upgradeEnv), "|", 3)
	if words[1] == "false" {
		upgrade.WithoutExchange()
	}
	_, err := upgrade.Run(context.Background(), upgrade.Config{Dir: words[2], Progress: func(doing string) {
		fmt.Println(doing)
		if words[0] != "" && strings.HasPrefix(doing, words[0]) {
			if p, err := os.FindProcess(os.Getpid()); err == nil {
				err = p.Kill()
				panic(err)
			}
		}
	}})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}
