// Package conformance holds what any connection to PostgreSQL must do, as suites that other packages' tests call.
//
// Run covers one session at a time, RunExtensions the extensions that ship with PostgreSQL and pgvector,
// RunConcurrency several sessions of one database. What they expect is PostgreSQL 15 or later: a case that needs a newer
// server, an extension that is not there or a second session is skipped, and says so.
//
// # Adding a case
//
// One file holds one area: a function that takes an *area and calls its run method once per case. A case gets a session of
// its own, with an empty schema first in its search_path that is dropped afterwards, and may do to the session what it
// likes as long as the session is idle and healthy when it returns. What lives outside a schema (roles, databases, event
// triggers) the case names with session.name and drops itself. After the last area the suite compares the catalogs with
// what it found.
//
// Cases never wait for time to pass. Where one session has to be blocked by another, ask pg_locks or pg_stat_activity.
package conformance

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Target is a PostgreSQL that the suites run on.
type Target struct {
	// Connect opens a session as a superuser on a database that the suite may fill. It fails t if it cannot. The suite
	// closes the session. configure may be nil; otherwise it is applied to the configuration before connecting, and may
	// change any of its fields.
	Connect func(ctx context.Context, t testing.TB, configure func(*pgx.ConnConfig)) *pgx.Conn

	// MaxConnections is how many sessions may be open at once, 0 for no limit that matters here. With 1, cases that
	// need a second session are skipped, and Connect may have to wait until the session closed before is gone.
	MaxConnections int

	// NoShell says that the server cannot run programs. COPY ... PROGRAM must then fail with some SQL error.
	NoShell bool

	// RootCollationsOnly says that the server's ICU data has the order of the root collation and nothing else. Collations
	// of languages that sort otherwise must then be refused, and initcap, which needs to know where words begin.
	RootCollationsOnly bool

	// AllExtensions says that every extension and library that RunExtensions knows must be there. Elsewhere a case whose
	// extension is missing is skipped.
	AllExtensions bool

	// MemoryLimited says that the server has about 2 GiB of address space. Cases that ask for more memory than that are
	// run, and must fail with SQLSTATE 53200 or 54000; elsewhere they are skipped, because a server with enough memory
	// would use it.
	MemoryLimited bool
}

// Run checks one session: types, statements, protocol, errors. It opens one session at a time.
func Run(t *testing.T, target Target) {
	runAreas(t, target, basicAreas)
}

// RunCollations checks the part of Run that depends on ICU's data.
func RunCollations(t *testing.T, target Target) {
	runAreas(t, target, []namedArea{{"Text", testText}, {"Collations", testCollations}})
}

// RunExtensions checks the extensions of the PostgreSQL distribution that calf ships, and pgvector. It opens one session
// at a time. An extension that pg_available_extensions does not list is skipped, unless Target.AllExtensions is set.
func RunExtensions(t *testing.T, target Target) {
	runAreas(t, target, extensionAreas)
}

// RunConcurrency checks what several sessions of one database see of each other: isolation, locks, timeouts, signals. It
// opens up to six sessions at a time and is skipped on a Target whose MaxConnections is 1.
func RunConcurrency(t *testing.T, target Target) {
	if target.MaxConnections == 1 {
		t.Skip("the target allows one session at a time")
	}
	runAreas(t, target, concurrencyAreas)
}

// namedArea is an entry of a suite.
type namedArea struct {
	name string
	test func(*area)
}

// area is a running part of a suite.
type area struct {
	*testing.T
	target Target
	server server
}

// run runs one case in a session of its own.
func (a *area) run(name string, test func(*session)) {
	a.Helper()
	a.T.Run(name, func(t *testing.T) {
		test(openSession(t, a.target, a.server, nil))
	})
}

// runWith runs one case in a session of its own, opened with a changed configuration.
func (a *area) runWith(name string, configure func(*pgx.ConnConfig), test func(*session)) {
	a.Helper()
	a.T.Run(name, func(t *testing.T) {
		test(openSession(t, a.target, a.server, configure))
	})
}

func runAreas(t *testing.T, target Target, areas []namedArea) {
	t.Helper()
	if target.Connect == nil {
		t.Fatal("conformance: Target.Connect is nil")
	}
	srv := inspect(t, target)
	before := inventory(t, target)
	for _, entry := range areas {
		t.Run(entry.name, func(t *testing.T) {
			entry.test(&area{T: t, target: target, server: srv})
		})
	}
	if left := inventory(t, target).without(before); len(left) > 0 {
		t.Errorf("the suite left objects behind: %v", left)
	}
}
