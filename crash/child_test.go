package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/calfdb/calf/pglite"
)

// childEnv names the variable that makes this program a child: one that opens a
// directory and commits until it is killed. Its value is an order.
const childEnv = "CALF_CRASH_CHILD"

// An order says what a child does.
type order struct {
	Dir        string
	Durability pglite.Durability
	Seed       uint64
	// Steps is after how many steps each session ends. The child then closes
	// the database.
	Steps int
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		var o order
		err := json.Unmarshal([]byte(text), &o)
		if err == nil {
			err = o.carryOut(context.Background(), os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// children is how many sessions a child has.
const childSessions = 4

// childSchema is what a child works on. Each session has a row in counter, and
// counts in it the rows that it has in entry: the numbers from 1 on.
const childSchema = `
	CREATE EXTENSION amcheck;
	CREATE TABLE entry (session int, n int, pad text STORAGE EXTERNAL, PRIMARY KEY (session, n));
	CREATE INDEX ON entry (pad);
	CREATE TABLE counter (session int PRIMARY KEY, n int NOT NULL);
	INSERT INTO counter SELECT s, 0 FROM generate_series(0, 3) AS s;`

// carryOut does what an order says, and tells what it does, line by line. What
// it says about a commit is true when it is said.
func (o order) carryOut(ctx context.Context, out io.Writer) error {
	var mu sync.Mutex
	w := bufio.NewWriter(out)
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, format+"\n", args...)
		w.Flush()
	}
	say("start")
	db, err := pglite.OpenConfig(ctx, pglite.Config{
		Dir: o.Dir, Durability: o.Durability, Progress: func(doing string) { say("%s", doing) },
		Settings: map[string]string{
			"shared_buffers": "1MB", "max_wal_size": "32MB", "checkpoint_completion_target": "0",
			"autovacuum_naptime": "1s", "autovacuum_vacuum_threshold": "10", "bgwriter_delay": "10ms",
		},
	})
	if err != nil {
		return err
	}
	say("open")
	var there bool
	if err := db.QueryRow(ctx, "SELECT to_regclass('counter') IS NOT NULL").Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := db.Exec(ctx, childSchema); err != nil {
			return err
		}
		say("schema")
	}
	errs := make([]error, childSessions)
	var wg sync.WaitGroup
	for i := range childSessions {
		wg.Go(func() { errs[i] = o.session(ctx, db, i, say) })
	}
	wg.Wait()
	say("close")
	err = errors.Join(errors.Join(errs...), db.Close())
	say("closed")
	return err
}

// session adds rows, and now and then does something else.
func (o order) session(ctx context.Context, db *pglite.DB, session int, say func(string, ...any)) error {
	rnd := rand.New(rand.NewPCG(o.Seed, uint64(session)))
	conn, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var n int
	if err := conn.QueryRow(ctx, "SELECT n FROM counter WHERE session = $1", session).Scan(&n); err != nil {
		return err
	}
	for range o.Steps {
		sql := ""
		switch rnd.IntN(60) {
		case 0:
			sql = "CHECKPOINT"
		case 1:
			sql = "VACUUM entry"
		case 2:
			sql = fmt.Sprintf("CREATE TABLE other%d AS SELECT g FROM generate_series(1, 1000) AS g; DROP TABLE other%[1]d", session)
		case 3:
			sql = fmt.Sprintf("UPDATE entry SET pad = pad || '.' WHERE session = %d AND n %% 10 = 0", session)
		}
		if sql != "" {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
			say("did %s", sql)
			continue
		}
		n++
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO entry SELECT $1::int, $2::int, repeat(md5($2::int::text), $3::int)", session, n, rnd.IntN(80))
			if err == nil {
				_, err = tx.Exec(ctx, "UPDATE counter SET n = n + 1 WHERE session = $1", session)
			}
			return err
		})
		if err != nil {
			return err
		}
		say("committed %d %d", session, n)
	}
	return nil
}
