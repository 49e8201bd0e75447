package libraries

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
	"github.com/uptrace/bun/migrate"

	"github.com/calfdb/calf/pglite"
)

// bunInMemory opens bun on a database in this process, with pgx as its driver.
func bunInMemory(db *pglite.DB) *bun.DB {
	return bun.NewDB(db.SQL(), pgdialect.New())
}

// bunDriverInMemory opens bun on a database in this process, with bun's own driver.
func bunDriverInMemory(db *pglite.DB) *bun.DB {
	cfg := db.ConnConfig()
	connector := pgdriver.NewConnector(pgdriver.WithInsecure(true), pgdriver.WithUser(cfg.User), pgdriver.WithDatabase(cfg.Database))
	connector.Config().Dialer = cfg.DialFunc
	return bun.NewDB(sql.OpenDB(connector), pgdialect.New())
}

// openBun opens bun on a target, with pgx.
func openBun(t *testing.T, on target) *bun.DB {
	t.Helper()
	if on.db != nil && !on.pooled {
		db := bunInMemory(on.db)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		return db
	}
	return bun.NewDB(on.sql(t), pgdialect.New())
}

// openBunDriver opens bun on a target, with its own driver.
func openBunDriver(t *testing.T, on target) *bun.DB {
	t.Helper()
	var db *bun.DB
	if on.db != nil {
		db = bunDriverInMemory(on.db)
	} else {
		db = bun.NewDB(sql.OpenDB(pgdriver.NewConnector(bunAddress(t, on.url)...)), pgdialect.New())
	}
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// bunAddress takes a URL apart, because pgdriver knows Unix-domain sockets by another kind of URL.
func bunAddress(t *testing.T, address string) []pgdriver.Option {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	dir := u.Query().Get("host")
	if !strings.HasPrefix(dir, "/") {
		return []pgdriver.Option{pgdriver.WithDSN(address)}
	}
	return []pgdriver.Option{
		pgdriver.WithNetwork("unix"), pgdriver.WithAddr(dir + "/.s.PGSQL." + u.Query().Get("port")), pgdriver.WithInsecure(true),
		pgdriver.WithUser(u.Query().Get("user")), pgdriver.WithDatabase(strings.TrimPrefix(u.Path, "/")),
	}
}

type bunUser struct {
	bun.BaseModel `bun:"table:users"`

	ID      uuid.UUID         `bun:",pk,type:uuid,default:gen_random_uuid()"`
	Name    string            `bun:",unique,notnull"`
	Emails  []string          `bun:",array"`
	Scores  []int64           `bun:",array"`
	Prefs   map[string]string `bun:"type:jsonb"`
	Avatar  []byte
	Joined  time.Time   `bun:",nullzero,notnull,default:current_timestamp"`
	Retired *time.Time  `bun:"type:timestamptz"`
	Stories []*bunStory `bun:"rel:has-many,join:id=author_id"`
}

type bunStory struct {
	bun.BaseModel `bun:"table:stories,alias:story"`

	ID       int64 `bun:",pk,autoincrement"`
	Title    string
	AuthorID uuid.UUID `bun:"type:uuid,notnull"`
	Author   *bunUser  `bun:"rel:belongs-to,join:author_id=id"`
}

var bunMigrations = func() *migrate.Migrations {
	all := migrate.NewMigrations()
	all.Add(migrate.Migration{
		Name: "1", Comment: "users and stories",
		Up: func(ctx context.Context, db *migrate.Migrator, _ *migrate.Migration) error {
			if _, err := db.DB().NewCreateTable().Model((*bunUser)(nil)).Exec(ctx); err != nil {
				return err
			}
			_, err := db.DB().NewCreateTable().Model((*bunStory)(nil)).WithForeignKeys().Exec(ctx)
			return err
		},
		Down: func(ctx context.Context, db *migrate.Migrator, _ *migrate.Migration) error {
			_, err := db.DB().ExecContext(ctx, "DROP TABLE stories, users")
			return err
		},
	})
	return all
}()

func TestBun(t *testing.T) {
	eachSQL(t, func(t *testing.T, on target) {
		db := openBun(t, on)
		testBun(t, db)
		t.Run("Contexts", func(t *testing.T) {
			sqlContexts(t, on, db.DB)
			watch := on.connect(t)
			for _, call := range []func(ctx context.Context) error{
				func(ctx context.Context) error { return db.NewRaw(sleeps).Scan(ctx, new(string)) },
				func(ctx context.Context) error {
					return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return tx.NewRaw(sleeps).Scan(ctx, new(string)) })
				},
			} {
				requireContextError(t, watch, call)
			}
			require.NoError(t, db.PingContext(bounded(t)), "the handle is usable")
		})
	})
}

func TestBunDriver(t *testing.T) {
	eachTarget(t, func(t *testing.T, on target) {
		db := openBunDriver(t, on)
		testBun(t, db)
		t.Run("Deadline", func(t *testing.T) {
			// pgdriver knows deadlines only, as those of its connection, and drops the connection without a word to the server.
			ctx, cancel := context.WithTimeout(bounded(t), 200*time.Millisecond)
			defer cancel()
			_, err := db.ExecContext(ctx, sleeps)
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.NoError(t, db.PingContext(bounded(t)), "the handle is usable")
			watch := on.connect(t)
			_, err = watch.Exec(bounded(t), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()")
			require.NoError(t, err)
			requireIdle(t, watch)
		})
		t.Run("Copy", func(t *testing.T) {
			ctx := bounded(t)
			conn, err := db.Conn(ctx)
			require.NoError(t, err)
			defer conn.Close()
			_, err = conn.ExecContext(ctx, "CREATE TEMP TABLE t (a int, b text)")
			require.NoError(t, err)
			want := strings.Repeat("1,one\n2,\"t,wo\"\n", 20000)
			res, err := pgdriver.CopyFrom(ctx, conn, strings.NewReader(want), "COPY t FROM STDIN WITH CSV")
			require.NoError(t, err)
			n, err := res.RowsAffected()
			require.NoError(t, err)
			require.EqualValues(t, 40000, n)
			var got bytes.Buffer
			_, err = pgdriver.CopyTo(ctx, conn, &got, "COPY t TO STDOUT WITH CSV")
			require.NoError(t, err)
			require.Equal(t, want, got.String())
			_, err = pgdriver.CopyFrom(ctx, conn, strings.NewReader("x,one\n"), "COPY t FROM STDIN WITH CSV")
			require.ErrorContains(t, err, "22P02")
		})
		t.Run("Listener", func(t *testing.T) {
			ctx := bounded(t)
			listener := pgdriver.NewListener(db)
			defer listener.Close()
			require.NoError(t, listener.Listen(ctx, "news", "more news"))
			received := listener.Channel()
			// It does not wait for answers to its LISTENs, of which this is the last.
			eventually(t, on.connect(t), `SELECT count(*) = 1 FROM pg_stat_activity
				WHERE query = 'LISTEN "bun:ping"' AND state = 'idle' AND datname = current_database()`)
			for _, channel := range []string{"news", "more news"} {
				require.NoError(t, pgdriver.Notify(ctx, db, channel, "it's "+channel))
				select {
				case got := <-received:
					require.Equal(t, pgdriver.Notification{Channel: channel, Payload: "it's " + channel}, got)
				case <-ctx.Done():
					t.Fatal("no notification")
				}
			}
		})
	})
}

// testBun does what both drivers have to do.
func testBun(t *testing.T, db *bun.DB) {
	ctx := bounded(t)
	migrator := migrate.NewMigrator(db, bunMigrations)
	require.NoError(t, migrator.Init(ctx))
	require.NoError(t, migrator.Lock(ctx))
	require.Error(t, migrate.NewMigrator(db, bunMigrations).Lock(ctx), "it is locked")
	group, err := migrator.Migrate(ctx)
	require.NoError(t, err)
	require.Len(t, group.Migrations, 1)
	require.NoError(t, migrator.Unlock(ctx))

	joined := time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC)
	ada := &bunUser{
		Name: "Ada", Emails: []string{"a@example.com", `"quoted, \ "@example.com`}, Scores: []int64{-1, 1 << 40},
		Prefs: map[string]string{"it's": `"x"`}, Avatar: []byte{0, '\'', '\\', 0xff}, Joined: joined, Retired: &joined,
	}
	_, err = db.NewInsert().Model(ada).Returning("*").Exec(ctx)
	require.NoError(t, err)
	require.NotEqual(t, uuid.Nil, ada.ID)

	t.Run("Values", func(t *testing.T) {
		got := new(bunUser)
		require.NoError(t, db.NewSelect().Model(got).Where("? = ANY(emails)", "a@example.com").Scan(ctx))
		require.True(t, got.Joined.Equal(joined), got.Joined)
		require.True(t, got.Retired.Equal(joined), got.Retired)
		require.Equal(t, ada.Emails, got.Emails)
		require.Equal(t, ada.Scores, got.Scores)
		require.Equal(t, ada.Prefs, got.Prefs)
		require.Equal(t, ada.Avatar, got.Avatar)
		got.Retired, got.Emails = nil, nil
		_, err := db.NewUpdate().Model(got).WherePK().Column("retired", "emails").Exec(ctx)
		require.NoError(t, err)
		n, err := db.NewSelect().Model(got).Where("retired IS NULL AND emails IS NULL").Count(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
	})
	t.Run("BatchesAndRelations", func(t *testing.T) {
		var stories []*bunStory
		for i := range 500 {
			stories = append(stories, &bunStory{Title: fmt.Sprint(i), AuthorID: ada.ID})
		}
		_, err := db.NewInsert().Model(&stories).Exec(ctx)
		require.NoError(t, err)
		require.NotZero(t, stories[499].ID)
		_, err = db.NewUpdate().With("_data", db.NewValues(&stories)).Model((*bunStory)(nil)).
			TableExpr("_data").Set("title = 'Story ' || _data.title").Where("story.id = _data.id").Exec(ctx)
		require.NoError(t, err)
		user := new(bunUser)
		require.NoError(t, db.NewSelect().Model(user).Relation("Stories", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Order("id").Limit(3) }).
			Where("name = ?", "Ada").Scan(ctx))
		require.Len(t, user.Stories, 3)
		require.Equal(t, "Story 2", user.Stories[2].Title)
		story := new(bunStory)
		require.NoError(t, db.NewSelect().Model(story).Relation("Author").Where("title = ?", "Story 7").Scan(ctx))
		require.Equal(t, "Ada", story.Author.Name)
	})
	t.Run("Upsert", func(t *testing.T) {
		res, err := db.NewInsert().Model(&bunUser{Name: "Ada", Scores: []int64{5}}).On("CONFLICT (name) DO UPDATE").Set("scores = EXCLUDED.scores").Exec(ctx)
		require.NoError(t, err)
		n, err := res.RowsAffected()
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
	})
	t.Run("Transactions", func(t *testing.T) {
		no := errors.New("no")
		require.NoError(t, db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead}, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewInsert().Model(&bunUser{Name: "outer"}).Exec(ctx)
			require.NoError(t, err)
			require.ErrorIs(t, tx.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { // a savepoint
				_, err := tx.NewInsert().Model(&bunUser{Name: "inner"}).Exec(ctx)
				require.NoError(t, err)
				_, err = tx.NewInsert().Model(&bunUser{Name: "outer"}).Exec(ctx)
				requireBunState(t, err, "23505")
				return no
			}), no)
			return nil
		}))
		require.ErrorIs(t, db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewInsert().Model(&bunUser{Name: "undone"}).Exec(ctx)
			require.NoError(t, err)
			return no
		}), no)
		var names []string
		require.NoError(t, db.NewSelect().Model((*bunUser)(nil)).Column("name").Where("name IN ?", bun.Tuple([]string{"outer", "inner", "undone"})).Scan(ctx, &names))
		require.Equal(t, []string{"outer"}, names)
	})
	t.Run("Prepared", func(t *testing.T) {
		stmt, err := db.PrepareContext(ctx, "SELECT name FROM users WHERE name = $1")
		require.NoError(t, err)
		defer stmt.Close()
		for range 3 {
			var name string
			require.NoError(t, stmt.QueryRowContext(ctx, "Ada").Scan(&name))
			require.Equal(t, "Ada", name)
		}
	})
	t.Run("Errors", func(t *testing.T) {
		_, err := db.NewInsert().Model(&bunUser{Name: "Ada"}).Exec(ctx)
		requireBunState(t, err, "23505")
		_, err = db.NewInsert().Model(&bunStory{AuthorID: uuid.New()}).Exec(ctx)
		requireBunState(t, err, "23503")
		require.ErrorIs(t, db.NewSelect().Model(new(bunUser)).Where("name = 'Nobody'").Scan(ctx), sql.ErrNoRows)
	})

	group, err = migrator.Rollback(ctx)
	require.NoError(t, err)
	require.Len(t, group.Migrations, 1)
	status, err := migrator.MigrationsWithStatus(ctx)
	require.NoError(t, err)
	require.Len(t, status.Unapplied(), 1)
}

// requireBunState checks an error of pgx, or of bun's own driver.
func requireBunState(t *testing.T, err error, state string) {
	t.Helper()
	if own := (pgdriver.Error{}); errors.As(err, &own) {
		require.Equal(t, state, own.Field('C'))
		require.Equal(t, strings.HasPrefix(state, "23"), own.IntegrityViolation())
		return
	}
	requireSQLState(t, err, state)
}
