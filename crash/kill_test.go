package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/runtime/vfs"
)

// cyclesEnv says how many programs TestKills kills.
const cyclesEnv = "CALF_CRASH_KILLS"

// TestKills kills a program at a random moment, opens the directory that it
// worked on and finds every commit that it reported. It does so again and again
// on the same directory, with a new one now and then.
func TestKills(t *testing.T) {
	t.Parallel()
	module(t)
	cycles := number(t, cyclesEnv, fewer(20))
	k := killer{TB: t, rnd: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))}
	moments := map[string]int{}
	for i := range cycles {
		if i%5 == 0 {
			k.renew()
		}
		moments[k.cycle()]++
		k.verify()
	}
	t.Logf("killed after: %v", moments)
}

// TestKillsDuringCreation kills programs that are making a cluster, one after
// another in the same directory. In the end it is as good as any.
func TestKillsDuringCreation(t *testing.T) {
	t.Parallel()
	alone(t)
	module(t)
	k := killer{TB: t, rnd: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)), early: true}
	moments, left := map[string]int{}, 0
	for range (number(t, cyclesEnv, fewer(20)) + 4) / 5 {
		k.renew()
		for range 3 {
			moments[k.cycle()]++
			if _, err := os.Stat(filepath.Join(k.dir, "calf.incomplete")); err == nil {
				left++
			}
		}
		k.verify()
	}
	t.Logf("killed after: %v; %d left an incomplete cluster", moments, left)
}

// A killer starts programs and kills them.
type killer struct {
	testing.TB
	rnd   *rand.Rand
	dir   string
	acked [childSessions]int // the last row of each session
	least [childSessions]int // those that even Relaxed keeps
	// durability is that of the last program, or less.
	durability pglite.Durability
	// early says to kill programs while they make a cluster.
	early bool
}

// renew turns to a directory that does not exist.
func (k *killer) renew() {
	k.dir = filepath.Join(k.TempDir(), "data")
	k.acked, k.least, k.durability = [childSessions]int{}, [childSessions]int{}, pglite.Full
}

// cycle runs a program and kills it. It returns what the program was doing.
func (k *killer) cycle() string {
	o := order{Dir: k.dir, Seed: k.rnd.Uint64(), Steps: 1 + k.rnd.IntN(200)}
	o.Durability = []pglite.Durability{pglite.Full, pglite.Full, pglite.Full, pglite.None, pglite.Relaxed}[k.rnd.IntN(5)]
	text, err := json.Marshal(o)
	require.NoError(k, err)
	exe, err := os.Executable()
	require.NoError(k, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(k, err)
	require.NoError(k, cmd.Start())

	// The moment is a line that the program says, and a little later: a third
	// of the programs is still opening the directory then.
	lines := []int{k.rnd.IntN(5), k.rnd.IntN(50), k.rnd.IntN(3 * o.Steps)}[k.rnd.IntN(3)]
	later := time.Duration(k.rnd.Int64N(int64(30 * time.Millisecond)))
	if k.early {
		lines, later, o.Steps = 2, 10*later, 5
	}
	said, killed := 0, false
	doing := ""
	for in := bufio.NewScanner(stdout); in.Scan(); {
		if said++; said == lines+1 {
			time.AfterFunc(later, func() { _ = cmd.Process.Kill() })
			killed = true
		}
		var session, n int
		doing = in.Text()
		if _, err := fmt.Sscanf(doing, "committed %d %d", &session, &n); err == nil {
			doing = "committed"
			k.acked[session] = n
		} else if len(doing) > 20 {
			doing = doing[:20]
		}
	}
	err = cmd.Wait()
	if !killed || err == nil {
		require.NoError(k, err, stderr.String())
		doing = "the end"
	}
	require.Empty(k, stderr.String())
	if k.durability != pglite.Relaxed {
		k.durability = o.Durability
	}
	return doing
}

// verify opens the directory and compares it with what was reported.
func (k *killer) verify() {
	ctx := context.Background()
	db, err := pglite.OpenConfig(ctx, pglite.Config{Dir: k.dir, Durability: k.durability})
	require.NoError(k, err)
	used := map[string]bool{}
	require.NoError(k, errors.Join(k.compare(ctx, db, used), db.Close()))
	require.NoFileExists(k, filepath.Join(k.dir, "calf.incomplete"))
	k.durability = pglite.Full
	host, err := vfs.OpenHost(k.dir, vfs.HostOptions{})
	require.NoError(k, err)
	require.NoError(k, errors.Join(checkPages(host, used, false), host.Close()))
}

func (k *killer) compare(ctx context.Context, db *pglite.DB, used map[string]bool) error {
	conn, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('counter') IS NOT NULL").Scan(&there); err != nil {
		return err
	}
	if !there {
		for session, n := range k.acked {
			if n > 0 && (k.durability != pglite.Relaxed || k.least[session] > 0) {
				return fmt.Errorf("nothing is left of %d rows of session %d", n, session)
			}
		}
		k.acked = [childSessions]int{}
		return nil
	}
	for session, n := range k.acked {
		var counted, rows, last int
		err := conn.QueryRow(ctx, `SELECT (SELECT n FROM counter WHERE session = $1), count(*), coalesce(max(n), 0)
			FROM entry WHERE session = $1`, session).Scan(&counted, &rows, &last)
		if err != nil {
			return err
		}
		lost := k.durability == pglite.Relaxed && rows >= k.least[session]
		if counted != rows || last != rows || rows < n && !lost || rows > n+1 {
			return fmt.Errorf("session %d reported %d rows; there are %d, of which the last is %d, and it counted %d",
				session, n, rows, last, counted)
		}
		k.acked[session], k.least[session] = rows, rows
	}
	return checkDatabase(ctx, conn, used)
}
