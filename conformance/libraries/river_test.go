package libraries

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"
)

// riverMigrate makes or updates river's tables in a database, through DB.Pool or the pool of a server.
func riverMigrate(ctx context.Context, pool *pgxpool.Pool) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// riverClient makes a client that works on ten jobs at a time.
func riverClient(pool *pgxpool.Pool, workers *river.Workers, logger *slog.Logger) (*river.Client[pgx.Tx], error) {
	return river.NewClient(riverpgxv5.New(pool), &river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 10}},
		Workers: workers,
		Logger:  logger,
	})
}

type riverSort struct {
	Words []string `json:"words"`
}

func (riverSort) Kind() string { return "sort" }

// riverFlaky fails in its first attempts.
type riverFlaky struct {
	Failures int `json:"failures"`
}

func (riverFlaky) Kind() string { return "flaky" }

func workRiverFlaky(_ context.Context, job *river.Job[riverFlaky]) error {
	if job.Attempt <= job.Args.Failures {
		return errors.New("not yet")
	}
	return nil
}

// riverEndless works until its context ends.
type riverEndless struct{}

func (riverEndless) Kind() string { return "endless" }

type riverReport struct {
	Day string `json:"day"`
}

func (riverReport) Kind() string { return "report" }

// InsertOpts lets one report of a day be there.
func (riverReport) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// riverWorkers are workers for all kinds; what sort has sorted goes to the table sorted.
func riverWorkers(pool *pgxpool.Pool) *river.Workers {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[riverSort]) error {
		slices.Sort(job.Args.Words)
		tx, err := pool.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx)
		if _, err := tx.Exec(ctx, "INSERT INTO sorted VALUES ($1, $2)", job.ID, job.Args.Words); err != nil {
			return err
		}
		// The job and what it did are complete together.
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return err
		}
		return tx.Commit(ctx)
	}))
	river.AddWorker(workers, river.WorkFunc(workRiverFlaky))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[riverEndless]) error {
		<-ctx.Done()
		return ctx.Err()
	}))
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[riverReport]) error { return nil }))
	return workers
}

// riverEvents collects what a client tells of its jobs.
type riverEvents struct {
	t      *testing.T
	events <-chan *river.Event
	seen   []*river.Event
}

func subscribeRiver[TTx any](t *testing.T, client *river.Client[TTx]) *riverEvents {
	events, cancel := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed, river.EventKindJobCancelled,
		river.EventKindQueuePaused, river.EventKindQueueResumed)
	t.Cleanup(cancel)
	return &riverEvents{t: t, events: events}
}

// await waits until a job has had an event of that kind, and returns it.
func (e *riverEvents) await(ctx context.Context, id int64, kind river.EventKind) *rivertype.JobRow {
	e.t.Helper()
	return e.find(ctx, func(event *river.Event) bool { return event.Kind == kind && event.Job.ID == id }).Job
}

// awaitQueue waits for an event of a queue.
func (e *riverEvents) awaitQueue(ctx context.Context, kind river.EventKind) {
	e.t.Helper()
	e.find(ctx, func(event *river.Event) bool { return event.Kind == kind })
}

func (e *riverEvents) find(ctx context.Context, is func(*river.Event) bool) *river.Event {
	e.t.Helper()
	for {
		if i := slices.IndexFunc(e.seen, is); i >= 0 {
			event := e.seen[i]
			e.seen = slices.Delete(e.seen, i, i+1)
			return event
		}
		select {
		case event := <-e.events:
			e.seen = append(e.seen, event)
		case <-ctx.Done():
			e.t.Fatal("an event did not come")
		}
	}
}

func TestRiver(t *testing.T) {
	eachTarget(t, func(t *testing.T, on target) {
		ctx := bounded(t)
		pool := on.pool(t)
		for range 2 { // the second time there is nothing to do
			require.NoError(t, riverMigrate(ctx, pool))
		}
		_, err := pool.Exec(ctx, "CREATE TABLE sorted (job bigint PRIMARY KEY, words text[])")
		require.NoError(t, err)
		client, err := riverClient(pool, riverWorkers(pool), slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		events := subscribeRiver(t, client)
		require.NoError(t, client.Start(ctx))
		stopped := false
		defer func() {
			if !stopped {
				_ = client.StopAndCancel(ctx)
			}
		}()

		// In the transaction of what it is about; nobody sees it before.
		tx, err := pool.Begin(ctx)
		require.NoError(t, err)
		first, err := client.InsertTx(ctx, tx, riverSort{Words: []string{"whale", "tiger", "bear"}}, nil)
		require.NoError(t, err)
		require.NoError(t, tx.Commit(ctx))
		tx, err = pool.Begin(ctx)
		require.NoError(t, err)
		undone, err := client.InsertTx(ctx, tx, riverSort{}, nil)
		require.NoError(t, err)
		require.NoError(t, tx.Rollback(ctx))
		require.Equal(t, rivertype.JobStateCompleted, events.await(ctx, first.Job.ID, river.EventKindJobCompleted).State)
		_, err = client.JobGet(ctx, undone.Job.ID)
		require.ErrorIs(t, err, rivertype.ErrNotFound)
		var words []string
		require.NoError(t, pool.QueryRow(ctx, "SELECT words FROM sorted WHERE job = $1", first.Job.ID).Scan(&words))
		require.Equal(t, []string{"bear", "tiger", "whale"}, words)

		// Retries, the last attempt, the future.
		flaky, err := client.Insert(ctx, riverFlaky{Failures: 1}, nil)
		require.NoError(t, err)
		hopeless, err := client.Insert(ctx, riverFlaky{Failures: 9}, &river.InsertOpts{MaxAttempts: 1})
		require.NoError(t, err)
		soon, err := client.Insert(ctx, riverSort{}, &river.InsertOpts{ScheduledAt: time.Now().Add(time.Second)})
		require.NoError(t, err)
		require.Equal(t, rivertype.JobStateScheduled, soon.Job.State)
		later, err := client.Insert(ctx, riverSort{}, &river.InsertOpts{ScheduledAt: time.Now().Add(time.Hour)})
		require.NoError(t, err)
		require.Equal(t, rivertype.JobStateDiscarded, events.await(ctx, hopeless.Job.ID, river.EventKindJobFailed).State)
		events.await(ctx, flaky.Job.ID, river.EventKindJobFailed)
		require.Equal(t, 2, events.await(ctx, flaky.Job.ID, river.EventKindJobCompleted).Attempt)
		events.await(ctx, soon.Job.ID, river.EventKindJobCompleted)
		cancelled, err := client.JobCancel(ctx, later.Job.ID)
		require.NoError(t, err)
		require.Equal(t, rivertype.JobStateCancelled, cancelled.State)

		// Unique jobs, and many at once: in one statement, and by COPY.
		report, err := client.Insert(ctx, riverReport{Day: "Monday"}, nil)
		require.NoError(t, err)
		again, err := client.Insert(ctx, riverReport{Day: "Monday"}, nil)
		require.NoError(t, err)
		require.True(t, again.UniqueSkippedAsDuplicate)
		require.Equal(t, report.Job.ID, again.Job.ID)
		many := make([]river.InsertManyParams, 200)
		for i := range many {
			many[i].Args = riverFlaky{}
		}
		inserted, err := client.InsertMany(ctx, many)
		require.NoError(t, err)
		for _, job := range inserted {
			events.await(ctx, job.Job.ID, river.EventKindJobCompleted)
		}
		n, err := client.InsertManyFast(ctx, many)
		require.NoError(t, err)
		require.Equal(t, 200, n)
		eventually(t, on.connect(t), "SELECT count(*) = 401 FROM river_job WHERE kind = 'flaky' AND state = 'completed'")

		// A job that is running is cancelled by a notification.
		endless, err := client.Insert(ctx, riverEndless{}, nil)
		require.NoError(t, err)
		eventually(t, on.connect(t), "SELECT state = 'running' FROM river_job WHERE id = $1", endless.Job.ID)
		_, err = client.JobCancel(ctx, endless.Job.ID)
		require.NoError(t, err)
		require.Equal(t, rivertype.JobStateCancelled, events.await(ctx, endless.Job.ID, river.EventKindJobCancelled).State)

		// A queue that is paused leaves its jobs alone.
		require.NoError(t, client.QueuePause(ctx, river.QueueDefault, nil))
		events.awaitQueue(ctx, river.EventKindQueuePaused)
		last, err := client.Insert(ctx, riverFlaky{}, nil)
		require.NoError(t, err)
		require.NoError(t, client.QueueResume(ctx, river.QueueDefault, nil))
		events.awaitQueue(ctx, river.EventKindQueueResumed)
		events.await(ctx, last.Job.ID, river.EventKindJobCompleted)

		require.NoError(t, client.Stop(ctx))
		stopped = true
		requireIdle(t, on.connect(t))
	})
}

// TestRiverLeader has two programs of which one leads; when that goes, the other takes over.
func TestRiverLeader(t *testing.T) {
	eachTarget(t, func(t *testing.T, on target) {
		ctx := bounded(t)
		watch := on.connect(t)
		clients := map[string]*river.Client[pgx.Tx]{}
		for range 2 {
			pool := on.pool(t)
			require.NoError(t, riverMigrate(ctx, pool))
			client, err := riverClient(pool, riverWorkers(pool), slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			require.NoError(t, client.Start(ctx))
			defer client.StopAndCancel(ctx)
			clients[client.ID()] = client
		}
		leader := func() (id string) {
			t.Helper()
			eventually(t, watch, "SELECT count(*) = 1 FROM river_leader")
			require.NoError(t, watch.QueryRow(ctx, "SELECT leader_id FROM river_leader").Scan(&id))
			return id
		}
		first := leader()
		require.Contains(t, clients, first)
		require.NoError(t, clients[first].Stop(ctx))
		delete(clients, first)
		second := leader()
		require.Contains(t, clients, second)
		require.NoError(t, clients[second].Stop(ctx))
		eventually(t, watch, "SELECT count(*) = 0 FROM river_leader")
	})
}

// TestRiverSQL uses river's driver for database/sql: it polls.
func TestRiverSQL(t *testing.T) {
	eachSQL(t, func(t *testing.T, on target) {
		ctx := bounded(t)
		db := on.sql(t)
		driver := riverdatabasesql.New(db)
		migrator, err := rivermigrate.New[*sql.Tx](driver, nil)
		require.NoError(t, err)
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		require.NoError(t, err)
		workers := river.NewWorkers()
		river.AddWorker(workers, river.WorkFunc(workRiverFlaky))
		client, err := river.NewClient(driver, &river.Config{
			Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 10}},
			Workers: workers,
			Logger:  slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		events := subscribeRiver(t, client)
		require.NoError(t, client.Start(ctx))
		defer client.StopAndCancel(ctx)
		tx, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		job, err := client.InsertTx(ctx, tx, riverFlaky{Failures: 1}, nil)
		require.NoError(t, err)
		require.NoError(t, tx.Commit())
		events.await(ctx, job.Job.ID, river.EventKindJobCompleted)
		require.NoError(t, client.Stop(ctx))
		down, err := migrator.Migrate(ctx, rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{TargetVersion: -1})
		require.NoError(t, err)
		require.NotEmpty(t, down.Versions)
		var tables int
		require.NoError(t, db.QueryRowContext(ctx, "SELECT count(*) FROM pg_class WHERE relname LIKE 'river%'").Scan(&tables))
		require.Zero(t, tables)
	})
}
