package runtime_test

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// The differential check: what PostgreSQL says when it is compiled must be what
// it says when it is interpreted, to the last digit. That is how a mistake of
// wazero's compiler shows, wherever in PostgreSQL and its libraries it is, and
// also if all that it does is to make a plan look cheap.
//
// All that is compared is determined by construction: both engines get copies
// of the same files, run the same statements in the same order in one session,
// and have no background processes. What depends on the clock, on random
// numbers or on addresses is not asked for.
//
// The interpreter takes some thirty times as long. Without CALF_DIFFERENTIAL=full,
// which is what make differential sets, the tests do a part of it.

//go:embed testdata/differential/*.sql
var differentialFiles embed.FS

// fullDifferential tells that everything is to be compared.
func fullDifferential() bool { return os.Getenv("CALF_DIFFERENTIAL") == "full" }

// statements returns those of a file: what blank lines divide, without what is
// only a remark.
func statements(t testing.TB, name string) (list []string) {
	t.Helper()
	text, err := differentialFiles.ReadFile("testdata/differential/" + name + ".sql")
	require.NoError(t, err)
	for block := range strings.SplitSeq(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n\n") {
		for line := range strings.Lines(block) {
			if !strings.HasPrefix(line, "--") {
				list = append(list, strings.TrimSpace(block))
				break
			}
		}
	}
	return list
}

// interpreted returns the guest as it is interpreted. The caller closes it.
func interpreted(t testing.TB) *runtime.Module {
	t.Helper()
	module(t) // skips without the guest
	set, err := assets.Open()
	require.NoError(t, err)
	m, err := runtime.Load(context.Background(), runtime.Config{Assets: set, Interpret: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// fixture returns a data directory in which a file of statements was run.
func fixture(t testing.TB, name string) *vfs.Memory {
	t.Helper()
	data := vfs.NewMemory(0)
	require.NoError(t, module(t).CopyTemplate(context.Background(), data))
	if name == "" {
		return data
	}
	s := newSpeaker(t, module(t), data)
	for _, sql := range statements(t, name) {
		require.NotContains(t, s.say(sql), "ERROR ", sql)
	}
	s.close()
	return data
}

// A speaker is a session of a cluster of its own.
type speaker struct {
	t       testing.TB
	cluster *runtime.Cluster
	conn    *pgx.Conn
	notices []string
}

// newSpeaker starts a cluster on a copy of data, or on data itself, if it is the
// only one.
func newSpeaker(t testing.TB, m *runtime.Module, data vfs.Volume) *speaker {
	t.Helper()
	s := &speaker{t: t}
	var err error
	s.cluster, err = m.Start(context.Background(), runtime.ClusterConfig{
		Data: data, NoBackground: true,
		Settings: map[string]string{"fsync": "off", "checkpoint_timeout": "1d", "autovacuum": "off", "track_counts": "off"},
	})
	require.NoError(t, err)
	t.Cleanup(s.close)
	s.connect()
	return s
}

func (s *speaker) connect() {
	s.t.Helper()
	cfg, _ := dialing(s.t, s.cluster)
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		s.notices = append(s.notices, n.Severity+" "+n.Message)
	}
	var err error
	s.conn, err = pgx.ConnectConfig(context.Background(), cfg)
	require.NoError(s.t, err)
}

func (s *speaker) close() {
	if s.conn == nil {
		return
	}
	_ = s.conn.Close(context.Background())
	s.conn = nil
	_ = s.cluster.Shutdown(context.Background())
}

// sayTimeout is when a statement hangs.
const sayTimeout = 10 * time.Minute

// say runs statements in the simple protocol and returns all that comes back,
// as text.
func (s *speaker) say(sql string) string {
	ctx, cancel := context.WithTimeout(context.Background(), sayTimeout)
	defer cancel()
	var b strings.Builder
	s.notices = nil
	results := s.conn.PgConn().Exec(ctx, sql)
	for results.NextResult() {
		r := results.ResultReader()
		for r.NextRow() {
			for i, v := range r.Values() {
				if i > 0 {
					b.WriteByte('|')
				}
				if v == nil {
					b.WriteString("∅")
				}
				b.Write(v)
			}
			b.WriteByte('\n')
		}
		tag, _ := r.Close()
		b.WriteString(tag.String() + "\n")
	}
	err := results.Close()
	for _, n := range s.notices {
		b.WriteString(n + "\n")
	}
	if failure := (*pgconn.PgError)(nil); errors.As(err, &failure) {
		fmt.Fprintf(&b, "%s %s %s|%s|%s|%d\n", failure.Severity, failure.Code, failure.Message, failure.Detail, failure.Hint, failure.Position)
	} else if err != nil {
		s.t.Errorf("%s: %v", sql, err)
	}
	return b.String()
}

// both runs statements with two speakers at a time, and calls heard with what
// they say to each.
func both(a, b *speaker, list []string, heard func(sql, a, b string)) {
	for _, sql := range list {
		said := make(chan string)
		go func() { said <- b.say(sql) }()
		heard(sql, a.say(sql), <-said)
	}
}

// requireSame requires that two speakers say the same, and that no statement
// fails but those that are to.
func requireSame(t *testing.T, compiled, interpreted *speaker, list []string) {
	t.Helper()
	both(compiled, interpreted, list, func(sql, a, b string) {
		switch {
		case a != b:
			t.Errorf("%s\n--- compiled:\n%s--- interpreted:\n%s", sql, a, b)
		case strings.Contains(a, "ERROR ") != strings.HasPrefix(sql, "-- fails\n"):
			t.Errorf("%s\n--- both:\n%s", sql, a)
		}
	})
}

// A planning is a configuration of the planner.
type planning struct{ name, set string }

var plannings = []planning{
	{"as it is", ``},
	{"no hashing", `SET LOCAL enable_hashjoin = off; SET LOCAL enable_hashagg = off`},
	{"nested loops", `SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off`},
	{"merging", `SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off; SET LOCAL enable_sort = on`},
	{"no memory of rows", `SET LOCAL enable_memoize = off; SET LOCAL enable_material = off`},
	{"no indexes", `SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off`},
	{"bitmaps", `SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_seqscan = off`},
	{"indexes", `SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off`},
	{"no half sorts", `SET LOCAL enable_incremental_sort = off; SET LOCAL enable_presorted_aggregate = off; SET LOCAL enable_group_by_reordering = off`},
	{"by partition", `SET LOCAL enable_partitionwise_join = on; SET LOCAL enable_partitionwise_aggregate = on`},
	{"no pruning", `SET LOCAL enable_partition_pruning = off; SET LOCAL constraint_exclusion = off; SET LOCAL enable_self_join_elimination = off`},
	{"parallel", `SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0.001; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL min_parallel_index_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 3`},
	{"parallel hashing", `SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_indexscan = off`},
	{"little memory", `SET LOCAL work_mem = '64kB'; SET LOCAL hash_mem_multiplier = 1; SET LOCAL effective_cache_size = '1MB'`},
	{"fast disk", `SET LOCAL random_page_cost = 0.37; SET LOCAL seq_page_cost = 0.29; SET LOCAL cpu_operator_cost = 0.0071; SET LOCAL cursor_tuple_fraction = 0.013`},
	{"genetic", `SET LOCAL geqo_threshold = 2; SET LOCAL geqo_seed = 0.3; SET LOCAL from_collapse_limit = 1; SET LOCAL join_collapse_limit = 3`},
}

// plans returns the statements that explain all queries under all plannings, or
// each query under every n-th of them.
func plans(t testing.TB, n int) (list []string) {
	for i, query := range statements(t, "plans") {
		for j, p := range plannings {
			if (i+j)%n == 0 {
				list = append(list, "BEGIN; "+p.set+"; EXPLAIN (VERBOSE) "+query+"; ROLLBACK")
			}
		}
	}
	return list
}

// thinned returns every n-th of a list.
func thinned(list []string, n int) (some []string) {
	for i := 0; i < len(list); i += n {
		some = append(some, list[i])
	}
	return some
}

func TestDifferential(t *testing.T) {
	if raced {
		t.Skip("takes minutes with the race detector, which has nothing to see here")
	}
	t.Parallel()
	data := fixture(t, "setup")
	compiled, interpreted := newSpeaker(t, module(t), data.Fork()), newSpeaker(t, interpreted(t), data.Fork())
	require.True(t, compiled.cluster.Capabilities().Compiler)
	require.False(t, interpreted.cluster.Capabilities().Compiler)
	every := 4
	if fullDifferential() {
		every = 1
	}
	t.Run("plans", func(t *testing.T) { requireSame(t, compiled, interpreted, plans(t, every)) })
	for _, name := range []string{"functions", "extensions"} {
		t.Run(name, func(t *testing.T) {
			requireSame(t, compiled, interpreted, thinned(statements(t, name), (every+1)/2))
		})
	}
}

// The check finds what wazero compiles wrongly, if the linker lets it pass: the
// cost of a Memoize node.
func TestDifferentialFindsWhatIsCompiledWrongly(t *testing.T) {
	switch {
	case !fullDifferential():
		t.Skip("compiles PostgreSQL once more; set CALF_DIFFERENTIAL=full")
	case goruntime.GOARCH != "amd64":
		t.Skip("it is compiled wrongly on amd64")
	}
	t.Parallel()
	data := fixture(t, "setup")
	set, err := assets.Open()
	require.NoError(t, err)
	m, err := runtime.LoadUndefended(context.Background(), runtime.Config{Assets: set})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	found := 0
	both(newSpeaker(t, m, data.Fork()), newSpeaker(t, module(t), data.Fork()), plans(t, 1), func(_, a, b string) {
		if a != b {
			found++
		}
	})
	require.NotZero(t, found, "wazero compiles PostgreSQL rightly by now, also as it is: see what link.Undefended is for")
	t.Logf("%d plans differ", found)
}
