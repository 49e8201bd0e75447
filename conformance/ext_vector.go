package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// testVector checks pgvector: its types, distances and indexes.
func testVector(a *area) {
	a.extension("vector", func(s *session) {
		if s.value(`SELECT to_regtype('sparsevec')`) == null {
			s.Skip("this pgvector is older than 0.7")
		}
		s.sub("Types", vectorTypes)
		s.sub("Distances", vectorDistances)
		s.sub("Functions", vectorFunctions)
		s.sub("Errors", vectorErrors)
		s.sub("Documented", vectorDocumented)
		s.sub("RoundTrip", func(s *session) {
			for _, c := range []typeCase{
				{name: "vector", values: []typeValue{{in: "[1,2,3]"}, {" [ 1.5 , -2e3 ] ", "[1.5,-2000]"}, {in: "[0.1,1e-20,3.4e+38]"}}},
				{name: "vector(3)", values: []typeValue{{in: "[1,2,3]"}}},
				{name: "halfvec", values: []typeValue{{in: "[1,2.5,-3]"}, {in: "[65504]"}, {"[0.1]", "[0.099975586]"}}},
				{name: "sparsevec", values: []typeValue{{in: "{1:1,3:2.5}/5"}, {in: "{}/10"}, {"{3:1,1:2}/3", "{1:2,3:1}/3"}}},
				{name: "vector[]", values: []typeValue{{in: `{"[1,2]",NULL}`}}},
			} {
				s.roundTrip(c)
			}
			s.exec(`DROP TABLE kept`)
		})
		for _, c := range vectorIndexes {
			s.sub(c.name(), func(s *session) { s.vectorIndex(c) })
		}
		s.sub("HNSWOptions", vectorHNSW)
		s.sub("IVFFlatOptions", vectorIVFFlat)
		s.sub("IterativeScan", vectorIterativeScan)
		s.sub("Client", vectorClient)
		s.sub("Copy", vectorCopy)
	})
}

func vectorTypes(s *session) {
	s.want(`SELECT '[1,2,3]'::vector::real[], ARRAY[1,2,3]::vector, '{1,2}'::real[]::halfvec, '[1,0,2]'::vector::sparsevec, '{1:1,3:2}/3'::sparsevec::vector, '[1,2]'::vector::halfvec`, "{1,2,3}|[1,2,3]|[1,2]|{1:1,3:2}/3|[1,0,2]|[1,2]")
	s.want(`SELECT '[1,2]'::vector = '[1,2]', '[1,2]'::vector < '[1,3]', '[1,2]'::vector < '[1,2,0]', '[1,2]'::vector + '[3,4]', '[1,2]'::vector - '[3,4]', '[1,2]'::vector * '[3,4]', '[1]'::vector || '[2,3]'`, "t|t|t|[4,6]|[-2,-2]|[3,8]|[1,2,3]")
	s.exec(`CREATE TABLE v (id int, vec vector(3), any_vec vector, half halfvec(3), sparse sparsevec(5), bits bit(3)); INSERT INTO v VALUES (1, '[1,2,3]', '[1]', '[1,2,3]', '{1:1}/5', '101')`)
	s.want(`SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'v'::regclass AND attnum > 0 ORDER BY attnum`, "integer", "vector(3)", "vector", "halfvec(3)", "sparsevec(5)", "bit(3)")
	s.fails("22000", `INSERT INTO v (vec) VALUES ('[1,2]')`)
	s.exec(`CREATE INDEX ON v (vec); DROP TABLE v`)
}

func vectorDistances(s *session) {
	s.exec(`CREATE TABLE v (name text, vec vector(3)); INSERT INTO v VALUES ('test1', '[1,2,3]'), ('test2', '[4,5,6]'), ('test3', '[7,8,9]')`)
	s.want(`SELECT name, vec, vec <-> '[3,1,2]' FROM v ORDER BY name`, "test1|[1,2,3]|2.449489742783178", "test2|[4,5,6]|5.744562646538029", "test3|[7,8,9]|10.677078252031311")
	s.want(`SELECT vec <#> '[3,1,2]', vec <+> '[3,1,2]', round((vec <=> '[3,1,2]')::numeric, 6) FROM v ORDER BY name`, "-11|4|0.214286", "-29|9|0.116740", "-47|18|0.098153")
	s.want(`SELECT name FROM v ORDER BY vec <-> '[6,6,6]' LIMIT 2`, "test2", "test3")
	s.want(`SELECT '[1,2]'::halfvec <-> '[4,6]', '[1,2]'::halfvec <#> '[3,4]', '[1,0]'::halfvec <=> '[0,1]', '[1,2]'::halfvec <+> '[3,5]'`, "5|-11|1|5")
	s.want(`SELECT '{1:3}/3'::sparsevec <-> '{2:4}/3', '{1:3,2:1}/3'::sparsevec <#> '{1:2}/3', '{1:1}/2'::sparsevec <=> '{2:1}/2', '{1:3}/3'::sparsevec <+> '{2:4}/3'`, "5|-6|1|7")
	s.want(`SELECT B'1010' <~> B'0110', B'1100' <%> B'1000', B'0000' <%> B'0000'`, "2|0.5|1")
	s.exec(`DROP TABLE v`)
}

func vectorFunctions(s *session) {
	s.want(`SELECT vector_dims('[1,2,3]'::vector), vector_norm('[3,4]'::vector), l2_normalize('[3,4]'::vector), subvector('[1,2,3,4]'::vector, 2, 2), binary_quantize('[1,-1,0]'::vector), inner_product('[1,2]'::vector, '[3,4]'), l1_distance('[1,2]'::vector, '[3,5]'), l2_distance('[0,0]'::vector, '[3,4]'), cosine_distance('[1,0]'::vector, '[1,0]')`,
		"3|5|[0.6,0.8]|[2,3]|100|11|5|5|0")
	s.want(`SELECT avg(v), sum(v) FROM unnest('{"[1,2]","[3,4]"}'::vector[]) AS v`, "[2,3]|[4,6]")
	s.want(`SELECT avg(v), sum(v), vector_dims(avg(v)) FROM unnest('{"[1,2]","[3,4]"}'::halfvec[]) AS v`, "[2,3]|[4,6]|2")
	s.want(`SELECT l2_norm('{1:3,2:4}/2'::sparsevec), hamming_distance(B'101', B'011'), jaccard_distance(B'11', B'01')`, "5|2|0.5")
}

func vectorErrors(s *session) {
	for _, c := range [][3]string{
		{"22000", `SELECT '[1,2,3]'::vector <-> '[1,2]'`, "different vector dimensions 3 and 2"},
		{"22000", `SELECT '[1,2]'::vector(3)`, "expected 3 dimensions, not 2"},
		{"22000", `SELECT '[]'::vector`, "vector must have at least 1 dimension"},
		{"22P02", `SELECT '[1,x]'::vector`, `invalid input syntax for type vector: "[1,x]"`},
		{"22P02", `SELECT '1,2'::vector`, `invalid input syntax for type vector: "1,2"`},
		{"22000", `SELECT '[NaN]'::vector`, "NaN not allowed in vector"},
		{"22000", `SELECT '[Infinity]'::vector`, "infinite value not allowed in vector"},
		{"22003", `SELECT '[1e39]'::vector`, ""},
		{"22003", `SELECT '[3e38]'::vector + '[3e38]'`, "value out of range: overflow"},
		{"22003", `SELECT '[65536]'::halfvec`, ""},
		{"54000", `SELECT array_fill(0, ARRAY[16001])::vector`, "vector cannot have more than 16000 dimensions"},
		{"22023", `SELECT '[1]'::vector(0)`, "dimensions for type vector must be at least 1"},
		{"22000", `SELECT '{0:1}/3'::sparsevec`, "sparsevec index out of bounds"},
		{"54000", `CREATE TABLE wide (v vector(2001)); CREATE INDEX ON wide USING hnsw (v vector_l2_ops)`, "column cannot have more than 2000 dimensions for hnsw index"},
		{"54000", `CREATE TABLE wide (v vector(2001)); CREATE INDEX ON wide USING ivfflat (v vector_l2_ops)`, "column cannot have more than 2000 dimensions for ivfflat index"},
		{"22023", `CREATE TABLE t (v vector); CREATE INDEX ON t USING hnsw (v vector_l2_ops)`, "column does not have dimensions"},
		{"42704", `CREATE TABLE t (v vector(3)); CREATE INDEX ON t USING hnsw (v)`, ""},
		{"22023", `SET hnsw.ef_search = 0`, ""},
	} {
		e := s.fails(c[0], c[1])
		if c[2] != "" {
			require.Equal(s, c[2], e.Message)
		}
	}
}

// vectorDocumented runs what pgvector's documentation shows.
func vectorDocumented(s *session) {
	s.exec(`CREATE TABLE items (id bigserial PRIMARY KEY, category_id int DEFAULT 1, embedding vector(3)); INSERT INTO items (embedding) VALUES ('[1,2,3]'), ('[4,5,6]')`)
	s.exec(`INSERT INTO items (id, embedding) VALUES (1, '[1,2,3]'), (2, '[4,5,6]') ON CONFLICT (id) DO UPDATE SET embedding = EXCLUDED.embedding`)
	s.want(`SELECT id FROM items ORDER BY embedding <-> '[3,1,2]' LIMIT 5`, "1", "2")
	s.want(`SELECT id FROM items WHERE id != 1 ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 1) LIMIT 5`, "2")
	s.want(`SELECT id FROM items WHERE embedding <-> '[3,1,2]' < 5`, "1")
	s.want(`SELECT (embedding <#> '[3,1,2]') * -1 AS inner_product FROM items ORDER BY id`, "11", "29")
	s.want(`SELECT category_id, avg(embedding) FROM items GROUP BY category_id`, "1|[2.5,3.5,4.5]")
	s.want(`SELECT id FROM items ORDER BY binary_quantize(embedding)::bit(3) <~> binary_quantize('[1,-2,3]'::vector), id`, "1", "2")
	s.exec(`CREATE INDEX ON items USING hnsw ((binary_quantize(embedding)::bit(3)) bit_hamming_ops); CREATE INDEX ON items USING hnsw ((embedding::halfvec(3)) halfvec_l2_ops); CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WHERE (category_id = 123)`)
	s.exec(`UPDATE items SET embedding = '[1,2,4]' WHERE id = 1; DELETE FROM items WHERE id = 2; DROP TABLE items`)
}

// vectorIndexCase is an index method with an operator class, and the operator it serves.
type vectorIndexCase struct {
	method, class, column, operator string
}

func (c vectorIndexCase) name() string { return c.method + "_" + c.class }

var vectorIndexes = []vectorIndexCase{
	{"hnsw", "vector_l2_ops", "vec", "<->"}, {"hnsw", "vector_ip_ops", "vec", "<#>"}, {"hnsw", "vector_cosine_ops", "vec", "<=>"}, {"hnsw", "vector_l1_ops", "vec", "<+>"},
	{"hnsw", "halfvec_l2_ops", "half", "<->"}, {"hnsw", "halfvec_ip_ops", "half", "<#>"}, {"hnsw", "halfvec_cosine_ops", "half", "<=>"}, {"hnsw", "halfvec_l1_ops", "half", "<+>"},
	{"hnsw", "sparsevec_l2_ops", "sparse", "<->"}, {"hnsw", "sparsevec_cosine_ops", "sparse", "<=>"},
	{"hnsw", "bit_hamming_ops", "bits", "<~>"}, {"hnsw", "bit_jaccard_ops", "bits", "<%>"},
	{"ivfflat", "vector_l2_ops", "vec", "<->"}, {"ivfflat", "vector_ip_ops", "vec", "<#>"}, {"ivfflat", "vector_cosine_ops", "vec", "<=>"},
	{"ivfflat", "halfvec_l2_ops", "half", "<->"}, {"ivfflat", "halfvec_cosine_ops", "half", "<=>"}, {"ivfflat", "bit_hamming_ops", "bits", "<~>"},
}

// vectorIndex builds an index over random vectors, half of them before and half after, and compares what it finds with
// what a scan of the table finds. Both are ordered by distance, so that equal distances do not count as misses.
func (s *session) vectorIndex(c vectorIndexCase) {
	const dimensions, rows, queries, nearest = 16, 600, 8, 10
	s.exec(fmt.Sprintf(`CREATE TABLE v (id int, vec vector(%[1]d), half halfvec(%[1]d), sparse sparsevec(%[1]d), bits bit(%[1]d)); SELECT setseed(0.42)`, dimensions))
	defer s.exec(`DROP TABLE v; RESET enable_seqscan; RESET hnsw.ef_search; RESET ivfflat.probes`)
	fill := func(from, to int) {
		s.exec(fmt.Sprintf(`INSERT INTO v SELECT i, a, a::halfvec, a::sparsevec, binary_quantize(a)::bit(%[1]d)
			FROM (SELECT i, array_agg(random() - 0.5)::vector AS a FROM generate_series(%[2]d, %[3]d) AS i, generate_series(1, %[1]d) GROUP BY i ORDER BY i) x`, dimensions, from, to))
	}
	fill(1, rows/2)
	with := ""
	if c.method == "ivfflat" {
		with = ` WITH (lists = 10)`
	}
	s.exec(`CREATE INDEX idx ON v USING ` + c.method + ` (` + c.column + ` ` + c.class + `)` + with)
	fill(rows/2+1, rows)
	s.exec(`ANALYZE v; SET hnsw.ef_search = 100; SET ivfflat.probes = 8`)

	nearestTo := func(id int) string {
		return fmt.Sprintf(`SELECT id FROM v ORDER BY %[1]s %[2]s (SELECT %[1]s FROM v WHERE id = %[3]d) LIMIT %[4]d`, c.column, c.operator, id, nearest)
	}
	distances := func(id int, ids []string) []string {
		return s.query(fmt.Sprintf(`SELECT round((%[1]s %[2]s (SELECT %[1]s FROM v WHERE id = %[3]d))::numeric, 4) FROM v WHERE id IN (%[4]s) ORDER BY 1`, c.column, c.operator, id, strings.Join(ids, ",")))
	}
	found := 0
	for id := 1; id <= rows; id += rows / queries {
		s.exec(`SET enable_seqscan = on; SET enable_indexscan = off`)
		exact := distances(id, s.query(nearestTo(id)))
		s.exec(`SET enable_seqscan = off; SET enable_indexscan = on`)
		s.plans(nearestTo(id), "Index Scan using idx on v")
		ids := s.query(nearestTo(id))
		require.Len(s, ids, nearest)
		for _, distance := range distances(id, ids) {
			if i := slices.Index(exact, distance); i >= 0 {
				exact = slices.Delete(exact, i, i+1)
				found++
			}
		}
	}
	require.GreaterOrEqual(s, found*100/(queries*nearest), 80, "recall in percent")

	s.exec(`DELETE FROM v WHERE id % 2 = 0; UPDATE v SET id = id + 10000 WHERE id % 3 = 0`)
	s.exec(`VACUUM v`)
	require.Len(s, s.query(nearestTo(1)), nearest)
	s.exec(`REINDEX INDEX idx`)
	require.Len(s, s.query(nearestTo(1)), nearest)
}

func vectorHNSW(s *session) {
	s.exec(`CREATE TABLE v (id int, vec vector(3)); INSERT INTO v SELECT i, ARRAY[i, i % 7, i % 11]::vector FROM generate_series(1, 500) AS i; SET maintenance_work_mem = '32MB'; CREATE INDEX idx ON v USING hnsw (vec vector_l2_ops) WITH (m = 8, ef_construction = 32); SET enable_seqscan = off`)
	s.want(`SELECT id FROM v ORDER BY vec <-> '[250,5,8]' LIMIT 1`, "250")
	s.exec(`SET hnsw.ef_search = 5`)
	require.Len(s, s.query(`SELECT id FROM v ORDER BY vec <-> '[250,5,8]' LIMIT 100`), 5)
	s.exec(`RESET hnsw.ef_search; INSERT INTO v VALUES (9999, NULL); BEGIN; INSERT INTO v VALUES (1000, '[1000,0,0]')`)
	s.want(`SELECT id FROM v ORDER BY vec <-> '[1000,0,0]' LIMIT 1`, "1000")
	s.exec(`ROLLBACK`)
	s.want(`SELECT id FROM v ORDER BY vec <-> '[1000,0,0]' LIMIT 1`, "500")
	s.exec(`CREATE INDEX CONCURRENTLY idx2 ON v USING hnsw (vec vector_cosine_ops)`)
	s.fails("22023", `CREATE INDEX ON v USING hnsw (vec vector_l2_ops) WITH (m = 1)`)
	s.exec(`DROP TABLE v; RESET enable_seqscan; RESET maintenance_work_mem; CREATE TABLE w (vec vector(3)); CREATE INDEX ON w USING hnsw (vec vector_l2_ops); INSERT INTO w VALUES ('[1,2,3]')`)
	s.want(`SELECT vec FROM w ORDER BY vec <-> '[0,0,0]'`, "[1,2,3]")
	s.exec(`DROP TABLE w; CREATE UNLOGGED TABLE u (vec vector(3)); CREATE INDEX ON u USING hnsw (vec vector_l2_ops); DROP TABLE u`)
}

func vectorIVFFlat(s *session) {
	s.exec(`CREATE TABLE v (id int, vec vector(3)); INSERT INTO v SELECT i, ARRAY[i, i % 7, i % 11]::vector FROM generate_series(1, 1000) AS i; CREATE INDEX idx ON v USING ivfflat (vec vector_l2_ops) WITH (lists = 20); SET enable_seqscan = off; SET ivfflat.probes = 1`)
	s.want(`SELECT id FROM v ORDER BY vec <-> '[500,3,5]' LIMIT 1`, "500")
	s.exec(`SET ivfflat.probes = 20`)
	s.want(`SELECT count(*) FROM (SELECT id FROM v ORDER BY vec <-> '[500,3,5]') x`, "1000")
	s.fails("22023", `CREATE INDEX ON v USING ivfflat (vec vector_l2_ops) WITH (lists = 0)`)
	s.notices = nil
	s.exec(`CREATE TABLE few (vec vector(3)); CREATE INDEX ON few USING ivfflat (vec vector_l2_ops)`)
	require.Equal(s, "ivfflat index created with little data", s.lastNotice().Message)
	s.exec(`DROP TABLE few, v; RESET enable_seqscan; RESET ivfflat.probes`)
}

func vectorIterativeScan(s *session) {
	if s.value(`SELECT count(*) FROM pg_settings WHERE name = 'hnsw.iterative_scan'`) == "0" {
		s.Skip("this pgvector is older than 0.8")
	}
	s.exec(`CREATE TABLE v (id int, vec vector(2)); INSERT INTO v SELECT i, ARRAY[i, 0]::vector FROM generate_series(1, 1000) AS i; CREATE INDEX idx ON v USING hnsw (vec vector_l2_ops); SET enable_seqscan = off; SET hnsw.ef_search = 10`)
	const far = `SELECT count(*) FROM (SELECT id FROM v WHERE id > 500 ORDER BY vec <-> '[1,0]' LIMIT 5) x`
	s.want(far, "0")
	s.exec(`SET hnsw.iterative_scan = strict_order`)
	s.want(far, "5")
	s.want(`SELECT id FROM v WHERE id > 500 ORDER BY vec <-> '[1,0]' LIMIT 3`, "501", "502", "503")
	s.exec(`SET hnsw.iterative_scan = relaxed_order`)
	s.want(far, "5")
	s.exec(`DROP TABLE v; RESET hnsw.iterative_scan; RESET hnsw.ef_search; RESET enable_seqscan`)
}
