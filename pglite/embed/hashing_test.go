package embed

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

const dimensions = 384

var sample = []string{
	"bufio Scanner.Scan\nScan advances the Scanner to the next token.",
	"bufio Reader.ReadLine\nReadLine is a low-level line-reading primitive.",
	"os ReadFile\nReadFile reads the named file and returns the contents.",
	"strings TrimSpace\nTrimSpace returns a slice of the string, with all leading and trailing white space removed.",
	"net/http Client\nA Client is an HTTP client.",
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestEmbeddingIsAUnitVector(t *testing.T) {
	t.Parallel()
	e := NewHashing(dimensions, sample)
	for _, text := range append(sample, "words that the corpus does not have", "x", "日本語") {
		v := e.Vector(text)
		require.Len(t, v, dimensions)
		require.InDelta(t, 1, math.Sqrt(dot(v, v)), 1e-6, text)
	}
}

func TestEmbeddingOfNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "...", "of the and"} {
		require.Equal(t, make([]float32, dimensions), NewHashing(dimensions, sample).Vector(text), text)
	}
}

func TestEmbeddingIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	a, b := NewHashing(dimensions, sample), NewHashing(dimensions, sample)
	for _, text := range sample {
		require.Equal(t, a.Vector(text), b.Vector(text))
	}
}

func TestEmbeddingsOfAlikeTextsAreNear(t *testing.T) {
	t.Parallel()
	e := NewHashing(dimensions, sample)
	for question, want := range map[string]int{
		"scanning tokens":                     0,
		"read lines":                          1,
		"how do I read the contents of files": 2,
		"remove trailing spaces":              3,
		"http clients":                        4,
	} {
		q, best := e.Vector(question), 0
		for i, text := range sample {
			if dot(q, e.Vector(text)) > dot(q, e.Vector(sample[best])) {
				best = i
			}
		}
		require.Equal(t, want, best, question)
	}
}

// What the embedding is not: it does not know what words mean.
func TestEmbeddingDoesNotKnowSynonyms(t *testing.T) {
	t.Parallel()
	e := NewHashing(dimensions, sample)
	require.InDelta(t, 0, dot(e.Vector("car"), e.Vector("automobile")), 0.2)
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                          nil,
		"ReadAll":                   {"read", "all"},
		"HTTPServer.ListenAndServe": {"http", "server", "listen", "and", "serve"},
		"math/rand/v2":              {"math", "rand", "v2"},
		"a UTF8 string":             {"a", "utf8", "string"},
		"Öffne die Tür":             {"öffne", "die", "tür"},
		"1h30m":                     {"1h30m"},
		"x_y-z":                     {"x", "y", "z"},
	} {
		require.Equal(t, want, words(text), text)
	}
}

func BenchmarkEmbed(b *testing.B) {
	e := NewHashing(dimensions, sample)
	for b.Loop() {
		e.Vector(sample[3])
	}
}

// Without a corpus all features count the same.
func TestEmbeddingWithoutCorpus(t *testing.T) {
	t.Parallel()
	e := NewHashing(384, nil)
	require.Zero(t, e.Features())
	vectors, err := e.Embed(t.Context(), []string{"scanning tokens", "the scanner's token", "bananas"})
	require.NoError(t, err)
	require.Greater(t, dot(vectors[0], vectors[1]), dot(vectors[0], vectors[2]))
	require.InDelta(t, 1, dot(vectors[0], vectors[0]), 1e-6)
	require.Len(t, vectors[0], 384)
}

func TestEmbedEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := NewHashing(3, nil).Embed(ctx, []string{"a"})
	require.ErrorIs(t, err, context.Canceled)
}
