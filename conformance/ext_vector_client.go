package conformance

import (
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	pgxvector "github.com/pgvector/pgvector-go/pgx"
	"github.com/stretchr/testify/require"
)

// vectorClient sends and reads vectors in binary form with pgvector-go.
func vectorClient(s *session) {
	require.NoError(s, pgxvector.RegisterTypes(s.ctx, s.conn))
	vector := pgvector.NewVector([]float32{1.5, -2, 3e-5})
	half := pgvector.NewHalfVector([]float32{1, 2.5, -3})
	sparse := pgvector.NewSparseVector([]float32{0, 1, 0, 2.5})
	vectors := []pgvector.Vector{pgvector.NewVector([]float32{1}), pgvector.NewVector([]float32{2, 3})}

	var vectorBack pgvector.Vector
	var halfBack pgvector.HalfVector
	var sparseBack pgvector.SparseVector
	var vectorsBack []pgvector.Vector
	require.NoError(s, s.conn.QueryRow(s.ctx, `SELECT $1::vector, $2::halfvec, $3::sparsevec, $4::vector[]`, vector, half, sparse, vectors).
		Scan(&vectorBack, &halfBack, &sparseBack, &vectorsBack))
	require.Equal(s, vector, vectorBack)
	require.Equal(s, half, halfBack)
	require.Equal(s, sparse.Slice(), sparseBack.Slice())
	require.Equal(s, vectors, vectorsBack)

	s.exec(`CREATE TABLE v (id int, vec vector(3))`)
	defer s.exec(`DROP TABLE v`)
	_, err := s.conn.Exec(s.ctx, `INSERT INTO v VALUES (1, $1), (2, $2)`, vector, nil)
	require.NoError(s, err)
	var distance float64
	require.NoError(s, s.conn.QueryRow(s.ctx, `SELECT vec <-> $1 FROM v WHERE vec IS NOT NULL`, vector).Scan(&distance))
	require.Zero(s, distance)

	large := make([]float32, 16000)
	for i := range large {
		large[i] = float32(i) / 7
	}
	require.NoError(s, s.conn.QueryRow(s.ctx, `SELECT $1::vector`, pgvector.NewVector(large)).Scan(&vectorBack))
	require.Equal(s, large, vectorBack.Slice())
}

// vectorCopy copies vectors in text and in binary form.
func vectorCopy(s *session) {
	require.NoError(s, pgxvector.RegisterTypes(s.ctx, s.conn))
	s.exec(`CREATE TABLE v (id int, vec vector(4))`)
	defer s.exec(`DROP TABLE v`)
	const rows = 5000
	n, err := s.conn.CopyFrom(s.ctx, pgx.Identifier{"v"}, []string{"id", "vec"}, pgx.CopyFromSlice(rows, func(i int) ([]any, error) {
		return []any{i, pgvector.NewVector([]float32{float32(i), 1, 2, 3})}, nil
	}))
	require.NoError(s, err)
	require.EqualValues(s, rows, n)
	s.want(`SELECT count(*), sum(vec), max(id) FROM v`, "5000|[1.24975e+07,5000,10000,15000]|4999")
	s.copyFrom(`COPY v FROM STDIN`, strings.NewReader("-1\t[1,2,3,4]\n-2\t\\N\n"))
	require.Equal(s, "-2,\n-1,\"[1,2,3,4]\"\n", string(s.copyTo(`COPY (SELECT * FROM v WHERE id < 0 ORDER BY id) TO STDOUT (FORMAT csv)`)))
	_, err = s.pg.CopyFrom(s.ctx, strings.NewReader("1\t[1,2]\n"), `COPY v FROM STDIN`)
	s.isError("22000", err, "COPY")
}
