package manager_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/manager"
)

func TestRun(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	h := use(t, m, "abc")
	results, err := h.Run(ctx, `
		CREATE TABLE planet (id int GENERATED ALWAYS AS IDENTITY, name text, color vector(4), moons jsonb, rings bool, mass float8);
		INSERT INTO planet (name, color, moons, rings, mass) VALUES
			('Mars', '[1,2,3,4]', '["Phobos", "Deimos"]', false, 6.4e23), (NULL, NULL, NULL, NULL, 'NaN');
		SELECT * FROM planet ORDER BY id; ;
		COPY (SELECT 1, 2) TO STDOUT`, manager.RunOptions{})
	require.NoError(t, err)
	require.Len(t, results, 4)
	require.Equal(t, "CREATE TABLE", results[0].Command)
	require.Equal(t, "INSERT 0 2", results[1].Command)
	require.Equal(t, "SELECT 2", results[2].Command)
	require.Equal(t, []any{json.Number("1"), "Mars", "[1,2,3,...]", json.RawMessage(`["Phobos", "Deimos"]`), false, json.Number("6.4e+23")}, results[2].Rows[0])
	require.Equal(t, []any{json.Number("2"), nil, nil, nil, nil, "NaN"}, results[2].Rows[1])
	require.Equal(t, [][]any{{"1\t2"}}, results[3].Rows)
	text, err := json.Marshal(results[2])
	require.NoError(t, err)
	require.True(t, json.Valid(text))
	require.Equal(t, "name", results[2].Columns[1].Name)

	results, err = h.Run(ctx, "SELECT color, '[1,2]'::vector, '[1,2,3]'::vector FROM planet WHERE id = 1", manager.RunOptions{VectorElements: 2})
	require.NoError(t, err)
	require.Equal(t, []any{"[1,2,...]", "[1,2]", "[1,2,...]"}, results[0].Rows[0])
	results, err = h.Run(ctx, "SELECT color FROM planet WHERE id = 1", manager.RunOptions{VectorElements: -1})
	require.NoError(t, err)
	require.Equal(t, []any{"[1,2,3,4]"}, results[0].Rows[0])
	results, err = h.Run(ctx, "", manager.RunOptions{})
	require.NoError(t, err)
	require.Empty(t, results)
}

func TestRunLimits(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	h := use(t, m, "abc")
	exec(t, m, "abc", "CREATE TABLE t (a int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)")
	count := func() (n int) {
		require.NoError(t, h.QueryRow(ctx, "SELECT count(*) FROM t").Scan(&n))
		return n
	}
	results, err := h.Run(ctx, "SELECT generate_series(1, 100)", manager.RunOptions{})
	require.NoError(t, err)
	require.Len(t, results[0].Rows, 100)
	_, err = h.Run(ctx, "INSERT INTO t SELECT generate_series(1, 101) RETURNING a", manager.RunOptions{})
	require.ErrorIs(t, err, manager.ErrTooManyRows)
	require.ErrorContains(t, err, "a result has more than 100")
	require.Zero(t, count(), "nothing happened")
	_, err = h.Run(ctx, "SELECT generate_series(1, 1000000000)", manager.RunOptions{MaxRows: 10})
	require.ErrorIs(t, err, manager.ErrTooManyRows)
	_, err = h.Run(ctx, "COPY (SELECT generate_series(1, 101)) TO STDOUT", manager.RunOptions{})
	require.ErrorIs(t, err, manager.ErrTooManyRows)
	results, err = h.Run(ctx, "SELECT generate_series(1, 1000)", manager.RunOptions{MaxRows: -1})
	require.NoError(t, err)
	require.Len(t, results[0].Rows, 1000)

	for sql, code := range map[string]string{
		"INSERT INTO t VALUES (1); SELECT 1/0":                               "22012",
		"INSERT INTO t VALUES (1), (1)":                                      "23505", // found by COMMIT
		"COPY t FROM STDIN":                                                  "57014",
		"INSERT INTO t VALUES (1); COPY t FROM STDIN":                        "57014",
		"SELECT '\xff'":                                                      "22021",
		"this is not SQL":                                                    "42601",
		"INSERT INTO t VALUES (1); VACUUM t":                                 "25001",
		"SELECT pg_read_file('/etc/passwd')":                                 "58P01",
		"DO $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END $$": "57P01",
	} {
		_, err := h.Run(ctx, sql, manager.RunOptions{})
		var pg *pgconn.PgError
		require.ErrorAs(t, err, &pg, sql)
		require.Equal(t, code, pg.Code, sql)
		require.Zero(t, count(), sql)
	}
	_, err = h.Run(ctx, "SELECT '\x00'", manager.RunOptions{})
	require.ErrorIs(t, err, manager.ErrInvalid)
	_, err = h.Run(ctx, "VACUUM t", manager.RunOptions{})
	require.NoError(t, err)
	_, err = h.Run(ctx, "BEGIN; INSERT INTO t VALUES (1); COMMIT; SELECT 1/0", manager.RunOptions{})
	require.Error(t, err)
	require.Equal(t, 1, count(), "it commits by itself")
	_, err = h.Run(ctx, "SET search_path = nowhere; CREATE TEMP TABLE x (a int)", manager.RunOptions{})
	require.NoError(t, err)
	require.Equal(t, 1, count(), "its session is its own")

	brief, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err = h.Run(brief, "SELECT pg_sleep(600)", manager.RunOptions{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, count())
	require.NoError(t, h.Close())
	_, err = h.Run(ctx, "SELECT 1", manager.RunOptions{})
	require.ErrorIs(t, err, manager.ErrClosed)
}

func TestTables(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	h := use(t, m, "abc")
	_, err := h.Run(ctx, `
		CREATE TYPE kind AS ENUM ('rocky', 'gas');
		CREATE TABLE star (system text, name text, PRIMARY KEY (system, name));
		CREATE TABLE "Planet's ""x""" (
			id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			name text NOT NULL UNIQUE DEFAULT 'x',
			kind kind CHECK (kind <> 'gas'),
			star_system text, star_name text,
			color vector(3),
			twice bigint GENERATED ALWAYS AS (2 * 3) STORED,
			FOREIGN KEY (star_system, star_name) REFERENCES star (system, name)
		);
		COMMENT ON TABLE star IS 'hot';
		COMMENT ON COLUMN star.name IS 'of the star';
		ALTER TABLE star ENABLE ROW LEVEL SECURITY;
		CREATE VIEW v AS SELECT 1 AS a;
		CREATE SCHEMA other; CREATE TABLE other.t (a int);
		CREATE TABLE part (a int) PARTITION BY RANGE (a);`, manager.RunOptions{})
	require.NoError(t, err)
	list, err := h.Tables(ctx)
	require.NoError(t, err)
	var names []string
	for _, table := range list {
		names = append(names, table.Schema+"."+table.Name)
	}
	require.Equal(t, []string{"meta.embeddings", "meta.migrations", `public.Planet's "x"`, "public.part", "public.star"}, names)
	planet, star := list[2], list[4]
	require.Equal(t, []string{"id"}, planet.PrimaryKey)
	require.Equal(t, []string{"system", "name"}, star.PrimaryKey)
	require.Equal(t, []manager.TableColumn{
		{Position: 1, Name: "id", Type: "bigint", Format: "int8", Identity: "ALWAYS", Unique: true},
		{Position: 2, Name: "name", Type: "text", Format: "text", Default: "'x'::text", Unique: true},
		{Position: 3, Name: "kind", Type: "kind", Format: "kind", Nullable: true, Enums: []string{"rocky", "gas"}, Check: "(kind <> 'gas'::kind)"},
		{Position: 4, Name: "star_system", Type: "text", Format: "text", Nullable: true},
		{Position: 5, Name: "star_name", Type: "text", Format: "text", Nullable: true},
		{Position: 6, Name: "color", Type: "vector(3)", Format: "vector", Nullable: true},
		{Position: 7, Name: "twice", Type: "bigint", Format: "int8", Default: "(2 * 3)", Nullable: true, Generated: true},
	}, planet.Columns)
	key := manager.Relationship{
		Name: `Planet's "x"_star_system_star_name_fkey`, SourceSchema: "public", SourceTable: `Planet's "x"`, SourceColumns: []string{"star_system", "star_name"},
		TargetSchema: "public", TargetTable: "star", TargetColumns: []string{"system", "name"},
	}
	require.Equal(t, []manager.Relationship{key}, planet.Relationships)
	require.Equal(t, []manager.Relationship{key}, star.Relationships)
	require.Equal(t, "hot", star.Comment)
	require.Equal(t, "of the star", star.Columns[1].Comment)
	require.True(t, star.RLSEnabled)
	require.Positive(t, star.Bytes)
	require.Regexp(t, `^\d+ (bytes|kB)$`, star.Size)
	require.Len(t, planet.Indexes, 2)
	require.True(t, strings.HasPrefix(planet.Indexes[0].Definition, "CREATE UNIQUE INDEX"))

	list, err = h.Tables(ctx, "other", "nowhere", "'; DROP TABLE star; --")
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, []manager.Relationship{}, list[0].Relationships)
	list, err = h.Tables(ctx, "pg_catalog", "information_schema")
	require.NoError(t, err)
	require.Greater(t, len(list), 60)
}

func TestEmbeddings(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	h := use(t, m, "abc")
	vector := func(first, second float32) []float32 {
		v := make([]float32, manager.EmbeddingDimension)
		v[0], v[1] = first, second
		return v
	}
	saved, err := h.SaveEmbeddings(ctx, []manager.Embedding{
		{Content: "red", Vector: vector(1, 0)}, {Content: "orange'; --", Vector: vector(2, 1)}, {Content: "blue", Vector: vector(0, 3)},
	})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, saved)
	list, err := h.Embeddings(ctx, 3, 1, 99)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, "red", list[0].Content)
	require.Equal(t, vector(0, 3), list[1].Vector)

	near := 1.5
	for name, tt := range map[string]struct {
		o    manager.SearchOptions
		want []string
		far  float64 // of the first
	}{
		"cosine":  {manager.SearchOptions{}, []string{"red", "orange'; --", "blue"}, 0},
		"limit":   {manager.SearchOptions{Limit: 1}, []string{"red"}, 0},
		"l2":      {manager.SearchOptions{Metric: manager.L2, MaxDistance: &near}, []string{"red", "orange'; --"}, 0},
		"product": {manager.SearchOptions{Metric: manager.InnerProduct}, []string{"orange'; --", "red", "blue"}, -2},
	} {
		found, err := h.SearchEmbeddings(ctx, vector(1, 0), tt.o)
		require.NoError(t, err, name)
		var got []string
		for _, f := range found {
			got = append(got, f.Content)
		}
		require.Equal(t, tt.want, got, name)
		require.InDelta(t, tt.far, found[0].Distance, 1e-6, name)
	}
	_, err = h.SaveEmbeddings(ctx, []manager.Embedding{{Content: "x", Vector: vector(1, 1)}, {Content: "short", Vector: []float32{1}}})
	require.ErrorIs(t, err, manager.ErrInvalid)
	_, err = h.SaveEmbeddings(ctx, []manager.Embedding{{Content: "x", Vector: vector(1, 1)}, {Content: "\xff", Vector: vector(1, 1)}})
	require.ErrorIs(t, err, manager.ErrInvalid)
	nan := vector(1, 1)
	nan[5] = float32(0) / nan[7]
	_, err = h.SaveEmbeddings(ctx, []manager.Embedding{{Content: "x", Vector: nan}})
	require.ErrorIs(t, err, manager.ErrInvalid)
	_, err = h.SearchEmbeddings(ctx, []float32{1}, manager.SearchOptions{})
	require.ErrorIs(t, err, manager.ErrInvalid)
	_, err = h.SearchEmbeddings(ctx, vector(1, 0), manager.SearchOptions{Metric: "'; --"})
	require.ErrorIs(t, err, manager.ErrInvalid)
	_, err = h.SearchEmbeddings(ctx, vector(1, 0), manager.SearchOptions{Limit: -1})
	require.ErrorIs(t, err, manager.ErrInvalid)
	none, err := h.SaveEmbeddings(ctx, nil)
	require.NoError(t, err)
	require.Empty(t, none)
	list, err = h.Embeddings(ctx, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	require.NoError(t, err)
	require.Len(t, list, 3, "all or none")
}
