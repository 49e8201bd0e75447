package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A session does random things to its part of a cluster, one statement after
// another, and remembers what was acknowledged.
type session struct {
	name string
	rnd  *rand.Rand
	conn *pgx.Conn

	// acked are the states that a crash may leave: the last one that was
	// acknowledged and, if commits need not wait for the disk, those before it.
	acked []state
	// sent is the state that a statement under way leads to, if there is one
	// that commits.
	sent *state
	// tables are the numbers that it gives to tables; see vectors.
	tables []int
	// async says that commits do not wait for the disk.
	async bool

	lastID int
	doing  []string // statements of the step that are still to be executed
	next   state    // what is there after them
	log    []string
	lost   int // transactions
}

// A step is some statements, of which the last one commits.
type step struct {
	sql  []string
	next state
}

func newSession(name string, rnd *rand.Rand) *session {
	return &session{name: name, rnd: rnd, tables: []int{0, 1, 2, 3}, acked: []state{newState()}}
}

// connect opens the connection. The first time, it makes the tables that are
// always there.
func (s *session) connect(ctx context.Context, open func() (*pgx.Conn, error)) (err error) {
	s.doing, s.sent = nil, nil
	if s.conn, err = open(); err != nil || s.last().Tables[prepTable(s.name)] != nil {
		return err
	}
	next := s.last().clone()
	next.table(prepTable(s.name))
	s.doing, s.next = []string{
		"CREATE TABLE IF NOT EXISTS " + seqTable(s.name) + " (id serial PRIMARY KEY)",
		createTable(prepTable(s.name)),
	}, next
	return nil
}

// close gives the connection up, which may be broken.
func (s *session) close(ctx context.Context) {
	if s.conn != nil {
		_ = s.conn.Close(ctx)
	}
}

// last is the state that was acknowledged last.
func (s *session) last() state { return s.acked[len(s.acked)-1] }

// found is told what a crash has left. That must be one of the states that it
// may leave.
func (s *session) found(got state) error {
	possible := s.acked
	if s.sent != nil {
		possible = append(slices.Clip(possible), *s.sent)
	}
	var diffs []string
	for i, st := range slices.Backward(possible) {
		diff := st.diff(got)
		if diff == "" {
			s.lost += max(0, len(s.acked)-1-i)
			s.acked, s.sent, s.doing = []state{got}, nil, nil
			return nil
		}
		diffs = append(diffs, diff)
	}
	return fmt.Errorf("session %s: %s", s.name, strings.Join(diffs[:min(len(diffs), 5)], "\nor: "))
}

// step executes one statement.
func (s *session) step(ctx context.Context) error {
	if len(s.doing) == 0 {
		st := s.plan()
		s.doing, s.next = st.sql, st.next
	}
	sql := s.doing[0]
	s.log = append(s.log, s.name+": "+sql)
	if len(s.doing) == 1 {
		s.sent = &s.next
	}
	if _, err := s.conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("session %s: %s: %w", s.name, sql, err)
	}
	s.log[len(s.log)-1] += " -- done"
	if s.doing = s.doing[1:]; len(s.doing) > 0 {
		return nil
	}
	s.sent = nil
	if !s.async || sql == "CHECKPOINT" {
		s.acked = s.acked[:0]
	}
	s.acked = append(s.acked, s.next)
	return nil
}

// plan thinks of something to do.
func (s *session) plan() step {
	st := s.last().clone()
	if st.Prepared != 0 {
		return s.finishPrepared(st)
	}
	for {
		if do := kinds[s.rnd.IntN(len(kinds))](s, st.clone()); do.sql != nil {
			return do
		}
	}
}

// kinds are the things to do, more frequent ones more often. Each gets a copy of
// the state. One that cannot be done now returns no statements.
var kinds = slices.Concat(
	slices.Repeat([]func(*session, state) step{(*session).insert}, 6),
	slices.Repeat([]func(*session, state) step{(*session).change}, 6),
	slices.Repeat([]func(*session, state) step{(*session).transaction}, 8),
	slices.Repeat([]func(*session, state) step{(*session).insertMany, (*session).create, (*session).maintain}, 3),
	slices.Repeat([]func(*session, state) step{(*session).checkpoint, (*session).rewrite, (*session).sequence, (*session).prepare}, 2),
	[]func(*session, state) step{(*session).truncate, (*session).drop, (*session).database, (*session).createFilled, (*session).rename},
)

// pick returns one of the session's tables, or nothing.
func (s *session) pick(st state) string {
	var names []string
	for _, i := range s.tables {
		if name := fmt.Sprint(s.name, "_", i); st.Tables[name] != nil {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return names[s.rnd.IntN(len(names))]
}

// unused returns a name that no table has, or nothing.
func (s *session) unused(st state) string {
	if name := fmt.Sprint(s.name, "_", s.tables[s.rnd.IntN(len(s.tables))]); st.Tables[name] == nil {
		return name
	}
	return ""
}

func createTable(name string) string {
	if vectors(name) {
		return fmt.Sprintf(`CREATE TABLE %[1]s (id int PRIMARY KEY, v int NOT NULL, pad text STORAGE EXTERNAL, e vector(3));
			CREATE INDEX ON %[1]s USING hnsw (e vector_l2_ops)`, name)
	}
	return fmt.Sprintf("CREATE TABLE %[1]s (id int PRIMARY KEY, v int NOT NULL, pad text STORAGE EXTERNAL); CREATE INDEX ON %[1]s (v)", name)
}

// insertRows inserts n rows into a table.
func (s *session) insertRows(st state, name string, n int) string {
	rows, first := st.table(name), s.lastID+1
	s.lastID += n
	a, b := 1+s.rnd.IntN(50), s.rnd.IntN(1000)
	for id := first; id <= s.lastID; id++ {
		rows[id] = (id*a + b) % 1000
	}
	columns := "id, v, " + padOf
	if vectors(name) {
		columns += ", " + vectorOf
	}
	return fmt.Sprintf("INSERT INTO %s SELECT %s FROM (SELECT id, (id * %d + %d) %% 1000 AS v FROM generate_series(%d, %d) AS id)",
		name, columns, a, b, first, s.lastID)
}

// changeRows updates or deletes some rows of a table.
func (s *session) changeRows(st state, name string) string {
	rows := st.table(name)
	m := []int{1, 2, 3, 7, 20, 50}[s.rnd.IntN(6)]
	r, k := s.rnd.IntN(m), 1+s.rnd.IntN(100)
	remove := s.rnd.IntN(4) == 0
	for id, v := range rows {
		switch {
		case id%m != r:
		case remove:
			delete(rows, id)
		default:
			rows[id] = (v + k) % 1000
		}
	}
	if remove {
		return fmt.Sprintf("DELETE FROM %s WHERE id %% %d = %d", name, m, r)
	}
	set := "id, v, pad"
	columns := "id, v, " + padOf
	if vectors(name) {
		set, columns = set+", e", columns+", "+vectorOf
	}
	return fmt.Sprintf("UPDATE %s AS t SET (%s) = (SELECT %s FROM (SELECT t.id, (t.v + %d) %% 1000 AS v)) WHERE id %% %d = %d",
		name, set, columns, k, m, r)
}
