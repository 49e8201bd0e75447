package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

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
	e := newEmbedder(sample)
	for _, text := range append(sample, "words that the corpus does not have", "x", "日本語") {
		v := e.embed(text)
		require.Len(t, v, dimensions)
		require.InDelta(t, 1, math.Sqrt(dot(v, v)), 1e-6, text)
	}
}

func TestEmbeddingOfNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "...", "of the and"} {
		require.Equal(t, make([]float32, dimensions), newEmbedder(sample).embed(text), text)
	}
}

func TestEmbeddingIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	a, b := newEmbedder(sample), newEmbedder(sample)
	for _, text := range sample {
		require.Equal(t, a.embed(text), b.embed(text))
	}
}

func TestEmbeddingsOfAlikeTextsAreNear(t *testing.T) {
	t.Parallel()
	e := newEmbedder(sample)
	for question, want := range map[string]int{
		"scanning tokens":                     0,
		"read lines":                          1,
		"how do I read the contents of files": 2,
		"remove trailing spaces":              3,
		"http clients":                        4,
	} {
		q, best := e.embed(question), 0
		for i, text := range sample {
			if dot(q, e.embed(text)) > dot(q, e.embed(sample[best])) {
				best = i
			}
		}
		require.Equal(t, want, best, question)
	}
}

// What the embedding is not: it does not know what words mean.
func TestEmbeddingDoesNotKnowSynonyms(t *testing.T) {
	t.Parallel()
	e := newEmbedder(sample)
	require.InDelta(t, 0, dot(e.embed("car"), e.embed("automobile")), 0.2)
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
	e := newEmbedder(sample)
	for b.Loop() {
		e.embed(sample[3])
	}
}
