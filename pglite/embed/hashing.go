package embed

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
)

// A Hashing turns text into a vector of numbers so that texts with many rare
// words in common, or parts of words, get vectors with a small angle between
// them. It is safe for concurrent use.
//
// It is bookkeeping about letters, not a language model. A text's features are
// its words, pairs of neighbouring words, and the three, four and five letter
// parts of words; each counts for more the fewer texts of the corpus have it
// (tf-idf), and is added to a few of the numbers, with a sign, both chosen by a
// hash. So "scanner" is near "scanning" and "scan", and ReadAll is near
// "read all"; but "car" is as far from "automobile" as from "banana". It is here
// because it needs no model, no network and no second of waiting, and gives the
// same vectors everywhere. A program that wants to find meaning calls a model,
// and stores what comes back in the same column.
type Hashing struct {
	dimensions int
	idf        map[uint64]float64
	missing    float64 // of a feature that the corpus does not have
}

// NewHashing weighs features by how rare they are in a corpus. Without one, all
// count the same. Vectors of embedders with different corpora or dimensions
// cannot be compared. It panics if dimensions is less than 1.
func NewHashing(dimensions int, corpus []string) *Hashing {
	if dimensions < 1 {
		panic(fmt.Sprintf("embed: %d dimensions are less than 1", dimensions))
	}
	if len(corpus) == 0 {
		return &Hashing{dimensions: dimensions, missing: 1}
	}
	seen := map[uint64]int{}
	for _, t := range corpus {
		for f := range features(t) {
			seen[f]++
		}
	}
	n := float64(len(corpus))
	e := &Hashing{dimensions: dimensions, idf: make(map[uint64]float64, len(seen)), missing: math.Log(1 + n)}
	for f, count := range seen {
		e.idf[f] = math.Log((1 + n) / (1 + float64(count)))
	}
	return e
}

// Features returns how many features the corpus has.
func (e *Hashing) Features() int { return len(e.idf) }

// Embed returns the vectors of texts. It fails only if the context has ended.
func (e *Hashing) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		vectors[i] = e.Vector(t)
	}
	return vectors, nil
}

// spread is to how many of the numbers a feature is added: more make two
// features that share one of them less alike.
const spread = 2

// Vector returns the vector of a text, of length 1, or zeros for a text without
// letters or digits or with stop words only.
func (e *Hashing) Vector(text string) []float32 {
	sum := make([]float64, e.dimensions)
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
			sum[mixed%uint64(e.dimensions)] += sign * weights[f] * idf
		}
	}
	var norm float64
	for _, x := range sum {
		norm += x * x
	}
	v := make([]float32, e.dimensions)
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
