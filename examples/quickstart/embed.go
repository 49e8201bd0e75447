package main

import (
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
)

// dimensions is the length of an embedding.
const dimensions = 384

// An embedder turns text into a vector of numbers so that texts with many rare
// words in common, or parts of words, get vectors with a small angle between
// them.
//
// It is bookkeeping about letters, not a language model. A text's features are
// its words, pairs of neighbouring words, and the three, four and five letter
// parts of words; each counts for more the fewer texts of the corpus have it
// (tf-idf), and is added to a few of the 384 numbers, with a sign, both chosen
// by a hash. So "scanner" is near "scanning" and "scan", and ReadAll is near
// "read all"; but "car" is as far from "automobile" as from "banana". It is here
// because it needs no model, no network and no second of waiting, and gives the
// same vectors everywhere. A program that wants to find meaning calls a model,
// and stores what comes back in the same column.
type embedder struct {
	idf     map[uint64]float64
	missing float64 // of a feature that the corpus does not have
}

// newEmbedder weighs features by how rare they are in a corpus.
func newEmbedder(texts []string) *embedder {
	seen := map[uint64]int{}
	for _, t := range texts {
		for f := range features(t) {
			seen[f]++
		}
	}
	n := float64(len(texts))
	e := &embedder{idf: make(map[uint64]float64, len(seen)), missing: math.Log(1 + n)}
	for f, count := range seen {
		e.idf[f] = math.Log((1 + n) / (1 + float64(count)))
	}
	return e
}

// spread is to how many of the numbers a feature is added: more make two
// features that share one of them less alike.
const spread = 2

// embed returns the embedding of a text: a vector of length 1, or the zero
// vector for a text without letters or digits.
func (e *embedder) embed(text string) []float32 {
	var sum [dimensions]float64
	weights := features(text)
	for _, f := range slices.Sorted(maps.Keys(weights)) { // in a fixed order, as sums of floats depend on it
		idf, ok := e.idf[f]
		if !ok {
			idf = e.missing
		}
		mixed := f
		for range spread {
			mixed = mix(mixed)
			sign := 1 - 2*float64(mixed>>63)
			sum[mixed%dimensions] += sign * weights[f] * idf
		}
	}
	var norm float64
	for _, x := range sum {
		norm += x * x
	}
	v := make([]float32, dimensions)
	if norm == 0 {
		return v
	}
	for i, x := range sum {
		v[i] = float32(x / math.Sqrt(norm))
	}
	return v
}

// Kinds of features, which keep the word "scan" and the part "scan" of
// "scanner" apart, and what each kind counts for.
const (
	word = iota
	pair
	part
)

var kindWeight = [...]float64{word: 1, pair: 0.5, part: 0.25}

// features returns the features of a text, as hashes, with the weight of each:
// that of its kind, times one plus the logarithm of how often it occurs.
func features(text string) map[uint64]float64 {
	count := map[uint64]float64{}
	kind := map[uint64]int{}
	add := func(k int, s string) {
		f := hash(k, s)
		count[f]++
		kind[f] = k
	}
	previous := ""
	for _, w := range words(text) {
		if stopWords[w] {
			previous = ""
			continue
		}
		add(word, w)
		if previous != "" {
			add(pair, previous+" "+w)
		}
		previous = w
		marked := []rune("<" + w + ">")
		for n := 3; n <= 5; n++ {
			for i := 0; i+n <= len(marked); i++ {
				add(part, string(marked[i:i+n]))
			}
		}
	}
	for f, n := range count {
		count[f] = kindWeight[kind[f]] * (1 + math.Log(n))
	}
	return count
}

// words splits a text into words in lower case. Names are split where Go's
// convention does: ReadAll into read and all, HTTPServer into http and server.
func words(text string) []string {
	var list []string
	var current []rune
	end := func() {
		if len(current) > 0 {
			list = append(list, strings.ToLower(string(current)))
			current = current[:0]
		}
	}
	runes := []rune(text)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
			continue
		}
		if unicode.IsUpper(r) && i > 0 {
			afterLower := unicode.IsLower(runes[i-1])
			endsAcronym := unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || endsAcronym {
				end()
			}
		}
		current = append(current, r)
	}
	end()
	return list
}

// stopWords are words that say nothing about what a text is about.
var stopWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`a an and are as at be but by can do does for from how i if in into is it its my not of
		on one or such than that the their then there these they this to was what when where which will with you`) {
		m[w] = true
	}
	return m
}()

func hash(kind int, s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte{byte(kind)})
	h.Write([]byte(s))
	return h.Sum64()
}

// mix is the finalizer of SplitMix64: every bit of the result depends on every
// bit of x.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
