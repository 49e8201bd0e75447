package libraries

import (
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
)

// sqlxInMemory opens sqlx on a database in this process.
func sqlxInMemory(db *pglite.DB) *sqlx.DB {
	return sqlx.NewDb(db.SQL(), "pgx")
}

// openSQLX opens sqlx on a target.
func openSQLX(t *testing.T, on target) *sqlx.DB {
	t.Helper()
	if on.db != nil && !on.pooled {
		db := sqlxInMemory(on.db)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		return db
	}
	return sqlx.NewDb(on.sql(t), "pgx")
}

type sqlxPlace struct {
	ID      uuid.UUID       `db:"id"`
	Name    string          `db:"name"`
	Seen    time.Time       `db:"seen"`
	Note    sql.NullString  `db:"note"`
	Details json.RawMessage `db:"details"`
}

const sqlxSchema = `
CREATE TABLE place (
	id uuid PRIMARY KEY,
	name text NOT NULL UNIQUE,
	seen timestamptz NOT NULL,
	note text,
	details jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE visit (place uuid REFERENCES place, day date, PRIMARY KEY (place, day))`

func TestSQLX(t *testing.T) {
	eachSQL(t, func(t *testing.T, on target) {
		ctx := bounded(t)
		db := openSQLX(t, on)
		db.MustExecContext(ctx, sqlxSchema)
		seen := time.Date(2026, 11, 3, 4, 5, 6, 789000, time.UTC)
		places := []sqlxPlace{
			{ID: uuid.New(), Name: "Arles", Seen: seen, Details: json.RawMessage(`{"arena": true}`)},
			{ID: uuid.New(), Name: "Bath", Seen: seen.Add(time.Hour), Note: sql.NullString{String: "warm", Valid: true}, Details: json.RawMessage(`{}`)},
			{ID: uuid.New(), Name: "Cuzco", Seen: seen.Add(2 * time.Hour), Details: json.RawMessage(`[1, null]`)},
		}
		// A batch is one statement with a row for each element.
		res, err := db.NamedExecContext(ctx, `INSERT INTO place (id, name, seen, note, details) VALUES (:id, :name, :seen, :note, :details)`, places)
		require.NoError(t, err)
		n, err := res.RowsAffected()
		require.NoError(t, err)
		require.EqualValues(t, 3, n)

		t.Run("Read", func(t *testing.T) {
			var all []sqlxPlace
			require.NoError(t, db.SelectContext(ctx, &all, `SELECT * FROM place ORDER BY name`))
			require.Len(t, all, 3)
			for i, p := range all {
				require.True(t, p.Seen.Equal(places[i].Seen), p.Seen)
				p.Seen = places[i].Seen
				require.Equal(t, places[i], p)
			}
			var one sqlxPlace
			require.ErrorIs(t, db.GetContext(ctx, &one, `SELECT * FROM place WHERE name = $1`, "Delft"), sql.ErrNoRows)
			query, args, err := sqlx.In(`SELECT name FROM place WHERE name IN (?) ORDER BY name`, []string{"Cuzco", "Arles", "Delft"})
			require.NoError(t, err)
			var names []string
			require.NoError(t, db.SelectContext(ctx, &names, db.Rebind(query), args...))
			require.Equal(t, []string{"Arles", "Cuzco"}, names)
			require.NoError(t, db.SelectContext(ctx, &names, `SELECT name FROM place WHERE name = ANY($1) ORDER BY 1`, []string{"Bath"}))
			require.Equal(t, []string{"Bath"}, names)
		})
		t.Run("Prepared", func(t *testing.T) {
			byName, err := db.PrepareNamedContext(ctx, `SELECT * FROM place WHERE name = :name`)
			require.NoError(t, err)
			defer byName.Close()
			for _, want := range places {
				var got sqlxPlace
				require.NoError(t, byName.GetContext(ctx, &got, want))
				require.Equal(t, want.ID, got.ID)
			}
		})
		t.Run("Rows", func(t *testing.T) {
			rows, err := db.QueryxContext(ctx, `SELECT name, note FROM place ORDER BY name`)
			require.NoError(t, err)
			defer rows.Close()
			var got []map[string]any
			for rows.Next() {
				row := map[string]any{}
				require.NoError(t, rows.MapScan(row))
				got = append(got, row)
			}
			require.NoError(t, rows.Err())
			require.Equal(t, []map[string]any{
				{"name": "Arles", "note": nil}, {"name": "Bath", "note": "warm"}, {"name": "Cuzco", "note": nil},
			}, got)
		})
		t.Run("Transaction", func(t *testing.T) {
			tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
			require.NoError(t, err)
			defer tx.Rollback()
			var level string
			require.NoError(t, tx.GetContext(ctx, &level, `SHOW transaction_isolation`))
			require.Equal(t, "serializable", level)
			_, err = tx.NamedExecContext(ctx, `INSERT INTO visit VALUES (:id, '2026-11-03')`, places[0])
			require.NoError(t, err)
			tx.MustExecContext(ctx, `SAVEPOINT s`)
			_, err = tx.NamedExecContext(ctx, `INSERT INTO visit VALUES (:id, '2026-11-03')`, places[0])
			requireSQLState(t, err, "23505")
			_, err = tx.ExecContext(ctx, `SELECT 1`)
			requireSQLState(t, err, "25P02")
			tx.MustExecContext(ctx, `ROLLBACK TO SAVEPOINT s`)
			_, err = tx.NamedExecContext(ctx, `INSERT INTO visit VALUES (:id, '2026-11-04')`, places[1])
			require.NoError(t, err)
			require.NoError(t, tx.Commit())

			tx = db.MustBegin()
			tx.MustExecContext(ctx, `DELETE FROM visit`)
			require.NoError(t, tx.Rollback())
			var joined []struct {
				Name string
				Day  time.Time
			}
			require.NoError(t, db.SelectContext(ctx, &joined, `SELECT name, day FROM place JOIN visit ON place = id ORDER BY day`))
			require.Len(t, joined, 2)
			require.Equal(t, "Bath", joined[1].Name)
			require.Equal(t, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC), joined[1].Day.UTC())
		})
		t.Run("Errors", func(t *testing.T) {
			_, err := db.NamedExecContext(ctx, `INSERT INTO place (id, name, seen) VALUES (:id, :name, now())`, places[0])
			pgErr := requireSQLState(t, err, "23505")
			require.Equal(t, "place_pkey", pgErr.ConstraintName)
			_, err = db.ExecContext(ctx, `INSERT INTO visit VALUES ($1, now())`, uuid.New())
			require.Equal(t, "visit_place_fkey", requireSQLState(t, err, "23503").ConstraintName)
			_, err = db.ExecContext(ctx, `INSERT INTO place (id, seen) VALUES ($1, now())`, uuid.New())
			require.Equal(t, "name", requireSQLState(t, err, "23502").ColumnName)
		})
		t.Run("Contexts", func(t *testing.T) {
			sqlContexts(t, on, db.DB)
		})
	})
}

// requireSQLState checks an error of pgx.
func requireSQLState(t *testing.T, err error, state string) *pgconn.PgError {
	t.Helper()
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, state, pgErr.Code)
	return pgErr
}
