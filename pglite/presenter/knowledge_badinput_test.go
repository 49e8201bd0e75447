package presenter_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// holdings counts the rows of all tables of knowledge bases.
func holdings(t *testing.T, pool *pgxpool.Pool) (n [5]int64) {
	t.Helper()
	require.NoError(t, pool.QueryRow(context.Background(), `SELECT (SELECT count(*) FROM knowledge_bases), (SELECT count(*) FROM knowledge_spaces),
		(SELECT count(*) FROM knowledge_files), (SELECT count(*) FROM knowledge_chunks), (SELECT count(*) FROM knowledge_vectors)`).
		Scan(&n[0], &n[1], &n[2], &n[3], &n[4]))
	return n
}

var errSource = errors.New("the source of vectors failed")

func TestKnowledgeBadInput(t *testing.T) {
	t.Parallel()
	nan, inf, bad := float32(math.NaN()), float32(math.Inf(1)), "\xff"
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 3, "")
		base(t, p, "other", 3, "")
		file(t, p, "b", "f", []float32{1, 2, 3})
		file(t, p, "other", "g", []float32{1, 2, 3})
		good := presenter.Vector{ID: "good", FileID: "f", ChunkID: "f_0", Embedding: []float32{1, 1, 1}}
		vector := func(change func(*presenter.Vector)) func() error {
			v := good
			v.ID = "another"
			change(&v)
			return func() error { return p.InsertVectors(ctx, "b", []presenter.Vector{good, v}) }
		}
		chunk := func(change func(*presenter.Chunk)) func() error {
			c := presenter.Chunk{FileID: "f", Index: 2}
			change(&c)
			return func() error { return p.InsertChunks(ctx, "b", []presenter.Chunk{{FileID: "f", Index: 1}, c}) }
		}
		newFile := func(n presenter.NewFile) func() error {
			return func() error { return second(p.InsertFile(ctx, n)) }
		}
		newBase := func(n presenter.NewBase) func() error {
			return func() error { return second(p.CreateBase(ctx, n)) }
		}
		query := func(base string, v []float32, o presenter.QueryOptions) func() error {
			return func() error {
				_, hybrid := p.HybridQuery(ctx, base, "words", v, presenter.HybridOptions{QueryOptions: o})
				_, err := p.SimilarityQuery(ctx, base, v, o)
				require.Equal(t, err == nil, hybrid == nil, "%v, %v", err, hybrid)
				return err
			}
		}
		index := func(o presenter.IndexOptions) func() error {
			return func() error { return p.IndexVectors(ctx, "b", o) }
		}
		ok := []float32{1, 0, 0}
		notANumber := math.NaN()
		for name, test := range map[string]struct {
			do   func() error
			want error
		}{
			"too few numbers":            {vector(func(v *presenter.Vector) { v.Embedding = []float32{1, 2} }), presenter.ErrInvalid},
			"too many numbers":           {vector(func(v *presenter.Vector) { v.Embedding = []float32{1, 2, 3, 4} }), presenter.ErrInvalid},
			"no numbers":                 {vector(func(v *presenter.Vector) { v.Embedding = nil }), presenter.ErrInvalid},
			"NaN":                        {vector(func(v *presenter.Vector) { v.Embedding = []float32{1, nan, 1} }), presenter.ErrInvalid},
			"infinity":                   {vector(func(v *presenter.Vector) { v.Embedding = []float32{1, 1, -inf} }), presenter.ErrInvalid},
			"a vector twice":             {vector(func(v *presenter.Vector) { v.ID = "good" }), presenter.ErrExists},
			"a vector that is there":     {vector(func(v *presenter.Vector) { v.ID = "vg_0" }), presenter.ErrExists},
			"a vector of no file":        {vector(func(v *presenter.Vector) { v.FileID = "none" }), presenter.ErrReference},
			"a vector of no chunk":       {vector(func(v *presenter.Vector) { v.ChunkID = "none" }), presenter.ErrReference},
			"a vector of another base":   {vector(func(v *presenter.Vector) { v.FileID, v.ChunkID = "g", "g_0" }), presenter.ErrReference},
			"a vector's bad id":          {vector(func(v *presenter.Vector) { v.ID = bad }), presenter.ErrInvalid},
			"a vector's id with NUL":     {vector(func(v *presenter.Vector) { v.ID = "a\x00b" }), presenter.ErrInvalid},
			"a vector's id of 10 MB":     {vector(func(v *presenter.Vector) { v.ID = random10MB() }), presenter.ErrInvalid},
			"a vector for no base":       {func() error { return p.InsertVector(ctx, "none", good) }, presenter.ErrNotFound},
			"a vector for base NUL":      {func() error { return p.InsertVector(ctx, "\x00", good) }, presenter.ErrInvalid},
			"a source that fails":        {func() error { return second(p.LoadVectors(ctx, "b", failingAfter(good), nil)) }, errSource},
			"a chunk's unknown status":   {chunk(func(c *presenter.Chunk) { c.Status = "processed" }), presenter.ErrInvalid},
			"a chunk of no file":         {chunk(func(c *presenter.Chunk) { c.FileID = "none" }), presenter.ErrReference},
			"a chunk of another base":    {chunk(func(c *presenter.Chunk) { c.FileID = "g" }), presenter.ErrReference},
			"a chunk's place twice":      {chunk(func(c *presenter.Chunk) { c.ID, c.Index = "x", 1 }), presenter.ErrExists},
			"a chunk that is there":      {chunk(func(c *presenter.Chunk) { c.ID = "g_0" }), presenter.ErrExists},
			"a negative place":           {chunk(func(c *presenter.Chunk) { c.Index = -1 }), presenter.ErrInvalid},
			"a large place":              {chunk(func(c *presenter.Chunk) { c.Index = math.MaxInt32 + 1 }), presenter.ErrInvalid},
			"a chunk with NUL":           {chunk(func(c *presenter.Chunk) { c.Content = "a\x00b" }), presenter.ErrInvalid},
			"a chunk that is no UTF-8":   {chunk(func(c *presenter.Chunk) { c.Content = bad }), presenter.ErrInvalid},
			"a chunk's bad JSON":         {chunk(func(c *presenter.Chunk) { c.Metadata = json.RawMessage("{") }), presenter.ErrInvalid},
			"a chunk's list":             {chunk(func(c *presenter.Chunk) { c.Metadata = json.RawMessage("[]") }), presenter.ErrInvalid},
			"a file of no base":          {newFile(presenter.NewFile{BaseID: "none"}), presenter.ErrReference},
			"a file of an empty base":    {newFile(presenter.NewFile{}), presenter.ErrReference},
			"a file twice":               {newFile(presenter.NewFile{ID: "f", BaseID: "b"}), presenter.ErrExists},
			"a file's unknown status":    {newFile(presenter.NewFile{BaseID: "b", Status: "pending"}), presenter.ErrInvalid},
			"a file's bad name":          {newFile(presenter.NewFile{BaseID: "b", Name: bad}), presenter.ErrInvalid},
			"a file's list":              {newFile(presenter.NewFile{BaseID: "b", Metadata: json.RawMessage("[]")}), presenter.ErrInvalid},
			"a base twice":               {newBase(presenter.NewBase{ID: "b", Dimensions: 3}), presenter.ErrExists},
			"no dimensions":              {newBase(presenter.NewBase{}), presenter.ErrInvalid},
			"too many dimensions":        {newBase(presenter.NewBase{Dimensions: presenter.MaxDimensions + 1}), presenter.ErrInvalid},
			"an unknown metric":          {newBase(presenter.NewBase{Dimensions: 3, Metric: "'; DROP TABLE x"}), presenter.ErrInvalid},
			"a base with NUL":            {newBase(presenter.NewBase{Name: "\x00", Dimensions: 3}), presenter.ErrInvalid},
			"a query of another size":    {query("b", []float32{1}, presenter.QueryOptions{}), presenter.ErrInvalid},
			"a query with NaN":           {query("b", []float32{1, nan, 1}, presenter.QueryOptions{}), presenter.ErrInvalid},
			"a query of zeros":           {query("b", []float32{0, 0, 0}, presenter.QueryOptions{}), presenter.ErrInvalid},
			"a query of no base":         {query("none", ok, presenter.QueryOptions{}), presenter.ErrNotFound},
			"a query of base \\xff":      {query(bad, ok, presenter.QueryOptions{}), presenter.ErrInvalid},
			"a negative limit":           {query("b", ok, presenter.QueryOptions{Limit: -1}), presenter.ErrInvalid},
			"a large limit":              {query("b", ok, presenter.QueryOptions{Limit: presenter.MaxPage + 1}), presenter.ErrInvalid},
			"a large EfSearch":           {query("b", ok, presenter.QueryOptions{EfSearch: presenter.MaxEfSearch + 1}), presenter.ErrInvalid},
			"negative Probes":            {query("b", ok, presenter.QueryOptions{Probes: -1}), presenter.ErrInvalid},
			"a query's unknown metric":   {query("b", ok, presenter.QueryOptions{Metric: "manhattan"}), presenter.ErrInvalid},
			"a threshold of NaN":         {query("b", ok, presenter.QueryOptions{Threshold: &notANumber}), presenter.ErrInvalid},
			"a filter of bad JSON":       {query("b", ok, presenter.QueryOptions{Filter: presenter.QueryFilter{Metadata: json.RawMessage("{")}}), presenter.ErrInvalid},
			"a filter that is no UTF-8":  {query("b", ok, presenter.QueryOptions{Filter: presenter.QueryFilter{FileIDs: []string{bad}}}), presenter.ErrInvalid},
			"an unknown kind of index":   {index(presenter.IndexOptions{Kind: "btree"}), presenter.ErrInvalid},
			"an index with M 1":          {index(presenter.IndexOptions{M: 1}), presenter.ErrInvalid},
			"an index of many lists":     {index(presenter.IndexOptions{Kind: presenter.IVFFlat, Lists: 99999}), presenter.ErrInvalid},
			"an index with bad memory":   {index(presenter.IndexOptions{Memory: "'much'"}), presenter.ErrInvalid},
			"an index of no base":        {func() error { return p.IndexVectors(ctx, "none", presenter.IndexOptions{}) }, presenter.ErrNotFound},
			"a hybrid query with weight": {func() error { return second(p.HybridQuery(ctx, "b", "", ok, presenter.HybridOptions{WordWeight: -1})) }, presenter.ErrInvalid},
			"too many samples":           {func() error { return second(p.CheckRecall(ctx, "b", presenter.RecallOptions{Samples: 1e6})) }, presenter.ErrInvalid},
		} {
			t.Run(name, func(t *testing.T) {
				before := holdings(t, pool)
				err := test.do()
				require.ErrorIs(t, err, test.want)
				var typed *presenter.DatabaseError
				require.ErrorAs(t, err, &typed)
				require.NotEmpty(t, typed.Op)
				require.Less(t, len(err.Error()), 1000)
				require.Equal(t, before, holdings(t, pool), "something was written")
			})
		}
		list, err := p.SimilarityQuery(ctx, "b", ok, presenter.QueryOptions{})
		require.NoError(t, err)
		require.Equal(t, []string{"f_0"}, ids(list, matchID))
	})
}

func failingAfter(v presenter.Vector) iter.Seq2[presenter.Vector, error] {
	return func(yield func(presenter.Vector, error) bool) {
		_ = yield(v, nil) && yield(presenter.Vector{}, errSource)
	}
}

// Chunks of 10 MB are kept, and found by their beginnings.
func TestLargeChunk(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 2, "")
		_, err := p.InsertFile(ctx, presenter.NewFile{ID: "f", BaseID: "b"})
		require.NoError(t, err)
		content := "The beginning. " + strings.Repeat("many words follow ", 10<<20/18)
		require.NoError(t, p.InsertChunks(ctx, "b", []presenter.Chunk{{FileID: "f", Content: content}}))
		c, err := p.Chunk(ctx, "f_0")
		require.NoError(t, err)
		require.Equal(t, content, c.Content)
		list, err := p.HybridQuery(ctx, "b", "beginning", []float32{1, 0}, presenter.HybridOptions{})
		require.NoError(t, err)
		require.Equal(t, []string{"f_0"}, ids(list, matchID))
		require.Empty(t, list[0].VectorID)
	})
}

// What looks like SQL is text like any other, in every string.
func TestSQLInKnowledge(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		for _, evil := range []string{`'; DROP TABLE knowledge_files; --`, `"; DROP TABLE x; --`, `$1`, `@base`, `\`, `%s%n`, "'||(SELECT 1)||'"} {
			raw, err := json.Marshal(map[string]string{evil: evil})
			require.NoError(t, err)
			b, err := p.CreateBase(ctx, presenter.NewBase{ID: evil, Name: evil, Model: evil, Dimensions: 2, Metadata: raw})
			require.NoError(t, err)
			require.Equal(t, evil, b.Model)
			f, err := p.InsertFile(ctx, presenter.NewFile{ID: evil, BaseID: evil, Name: evil, Path: evil, MimeType: evil, Error: evil, Metadata: raw})
			require.NoError(t, err)
			require.Equal(t, evil, f.Name)
			found, err := p.Files(ctx, presenter.FileFilter{ID: evil, BaseID: evil, Name: evil, Path: evil, MimeType: evil, Metadata: raw})
			require.NoError(t, err)
			require.Equal(t, []presenter.File{f}, found)
			require.NoError(t, p.InsertChunks(ctx, evil, []presenter.Chunk{{ID: evil, FileID: evil, Content: evil + " cow", Error: evil, Metadata: raw}}))
			require.NoError(t, p.InsertVector(ctx, evil, presenter.Vector{ID: evil, FileID: evil, ChunkID: evil, Embedding: []float32{1, 0}}))
			require.NoError(t, p.IndexVectors(ctx, evil, presenter.IndexOptions{}))
			o := presenter.QueryOptions{Filter: presenter.QueryFilter{FileIDs: []string{evil}, Metadata: raw, ChunkMetadata: raw}}
			list, err := p.HybridQuery(ctx, evil, evil+" cow", []float32{1, 0}, presenter.HybridOptions{QueryOptions: o})
			require.NoError(t, err)
			require.Equal(t, []string{evil}, ids(list, matchID))
			n, err := p.DeleteVectors(ctx, evil)
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
			n, err = p.DeleteChunks(ctx, evil)
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
			require.NoError(t, p.DeleteFile(ctx, evil))
			require.NoError(t, p.DeleteBase(ctx, evil))
		}
		require.Zero(t, holdings(t, pool))
	})
}
