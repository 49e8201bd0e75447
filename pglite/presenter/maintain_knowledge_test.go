package presenter_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// Knowledge bases are looked after as conversations are, by a presenter that
// does not use them, too.
func TestMaintainKnowledge(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "a", 3, presenter.Cosine)
		base(t, p, "b", 2, presenter.L2)
		base(t, p, "c", 2, presenter.L2)
		file(t, p, "a", "f", []float32{1, 2, 3}, []float32{4, 5, 6})
		file(t, p, "b", "g", []float32{1, 2})
		require.NoError(t, p.IndexVectors(ctx, "a", presenter.IndexOptions{}))
		require.Empty(t, problems(t, p))
		chatOnly := present(t, pool, presenter.Config{})
		for _, who := range []*presenter.Presenter{p, chatOnly} {
			got, err := who.ValidateIntegrity(ctx)
			require.NoError(t, err)
			require.Empty(t, got.Problems)
			require.EqualValues(t, 3, got.Rows["knowledge_vectors"])
			require.Contains(t, got.Checks, "the schema of knowledge")
			_, err = who.Optimize(ctx, presenter.OptimizeOptions{Everything: true})
			require.NoError(t, err)
		}
		table, err := p.TableStatistics(ctx, "knowledge_vectors")
		require.NoError(t, err)
		require.NotEmpty(t, table.Columns)

		// The settings with which a statement is run are those of its plan.
		plans, err := p.ExplainCalls(ctx, presenter.ExplainOptions{Analyze: true}, func(tx presenter.Tx) error {
			matches, err := tx.SimilarityQuery(ctx, "a", []float32{1, 2, 3}, presenter.QueryOptions{Limit: 1})
			require.Len(t, matches, 1)
			return err
		})
		require.NoError(t, err)
		require.True(t, plans[len(plans)-1].Uses("idx_knowledge_vectors_space_1"))
		require.Equal(t, "off", plans[len(plans)-1].Settings["enable_sort"])

		exec(t, pool, `SET session_replication_role = replica;
			UPDATE knowledge_spaces SET dimensions = 4 WHERE base_id = 'a';
			DELETE FROM knowledge_spaces WHERE base_id = 'c';
			DELETE FROM knowledge_chunks WHERE file_id = 'g';
			RESET session_replication_role;
			ALTER TABLE knowledge_vectors DROP CONSTRAINT knowledge_vectors_embedding_check;
			UPDATE knowledge_vectors SET embedding = '[1,2,3,4,5]' WHERE id = 'vg_0';
			ALTER TABLE knowledge_vectors ADD CONSTRAINT knowledge_vectors_embedding_check CHECK (vector_dims(embedding) = dimensions) NOT VALID`)
		got, err := p.ValidateIntegrity(ctx)
		require.NoError(t, err)
		var found []string
		for _, problem := range got.Problems {
			if problem.Check != "the schema of knowledge" {
				found = append(found, problem.String())
			}
		}
		require.ElementsMatch(t, []string{
			"knowledge_vectors: foreign key knowledge_vectors_space_fkey: 2 rows, such as vf_0 refers to a/1/3; vf_1 refers to a/1/3",
			"knowledge_vectors: foreign key knowledge_vectors_chunk_fkey: 1 rows, such as vg_0 refers to b/g/g_0",
			"knowledge_vectors: check constraints: 1 rows, such as vg_0 breaks knowledge_vectors_embedding_check",
			"knowledge_bases: rule current_space: 1 rows, such as c has none",
		}, found)
	})
}

// What is left when an index of vectors was not finished is dropped, and those
// that are there are made again and not dropped.
func TestRepairVectorIndexes(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "a", 3, presenter.Cosine)
		file(t, p, "a", "f", []float32{1, 2, 3})
		require.NoError(t, p.IndexVectors(ctx, "a", presenter.IndexOptions{}))
		exec(t, pool, `CREATE INDEX idx_knowledge_vectors_space_1_new ON knowledge_vectors USING hnsw ((embedding::vector(3)) vector_cosine_ops) WHERE space_id = 1;
			UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('idx_knowledge_vectors_space_1_new'::regclass, 'idx_knowledge_vectors_space_1'::regclass)`)
		require.Equal(t, map[string][]presenter.IndexProblem{
			"idx_knowledge_vectors_space_1": {presenter.IndexInvalid}, "idx_knowledge_vectors_space_1_new": {presenter.IndexLeftover},
		}, problems(t, p))
		steps, err := p.RepairIndexes(ctx)
		require.NoError(t, err)
		require.Len(t, steps, 2)
		require.Empty(t, problems(t, p))
		index, err := p.VectorIndex(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, presenter.HNSW, index.Kind)
	})
}
