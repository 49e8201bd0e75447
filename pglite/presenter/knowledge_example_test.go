package presenter_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/calfdb/calf/pglite/embed"
	"github.com/calfdb/calf/pglite/presenter"
)

// The vectors that are nearest to one.
func ExamplePresenter_SimilarityQuery() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{Knowledge: true})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	if _, err := p.CreateBase(ctx, presenter.NewBase{ID: "kb", Dimensions: 3}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.InsertFile(ctx, presenter.NewFile{ID: "f1", BaseID: "kb", Name: "axes.txt"}); err != nil {
		log.Fatal(err)
	}
	if err := p.InsertChunks(ctx, "kb", []presenter.Chunk{
		{ID: "c1", FileID: "f1", Index: 0, Content: "east"},
		{ID: "c2", FileID: "f1", Index: 1, Content: "north"},
		{ID: "c3", FileID: "f1", Index: 2, Content: "up"},
	}); err != nil {
		log.Fatal(err)
	}
	for _, v := range []presenter.Vector{
		{ID: "v1", FileID: "f1", ChunkID: "c1", Embedding: []float32{1, 0, 0}},
		{ID: "v2", FileID: "f1", ChunkID: "c2", Embedding: []float32{0, 1, 0}},
		{ID: "v3", FileID: "f1", ChunkID: "c3", Embedding: []float32{0, 0, 1}},
	} {
		if err := p.InsertVector(ctx, "kb", v); err != nil {
			log.Fatal(err)
		}
	}
	results, err := p.SimilarityQuery(ctx, "kb", []float32{1, 0, 0}, presenter.QueryOptions{Limit: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(results), results[0].VectorID, results[0].Content, results[0].Similarity)

	err = p.InsertVector(ctx, "kb", presenter.Vector{FileID: "f1", ChunkID: "c1", Embedding: []float32{1, 0}})
	fmt.Println(errors.Is(err, presenter.ErrInvalid), err)
	// Output:
	// 2 v1 east 1
	// true presenter: inserting vectors: the vector has 2 dimensions, and the knowledge base 3
}

// A text goes into a knowledge base, and is found by its words and its vectors.
func ExamplePresenter_HybridQuery() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{Knowledge: true})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	embedder := embed.NewHashing(384, nil) // a program that wants meaning uses embed.NewHTTP

	if _, err := p.CreateBase(ctx, presenter.NewBase{ID: "kb", Dimensions: 384, Model: "hashing"}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.InsertFile(ctx, presenter.NewFile{ID: "planets", BaseID: "kb", Name: "planets.md"}); err != nil {
		log.Fatal(err)
	}
	const text = "# Mars\nMars is red, for its dust is full of rust.\n\n# Saturn\nThe rings of Saturn are made of ice.\n"
	var chunks []presenter.Chunk
	for i, piece := range embed.Split(text, embed.SplitOptions{Markdown: true}) {
		chunks = append(chunks, presenter.Chunk{FileID: "planets", Index: i, Content: piece.Text})
	}
	if err := p.InsertChunks(ctx, "kb", chunks); err != nil {
		log.Fatal(err)
	}
	if _, err := p.EmbedChunks(ctx, "kb", embedder, presenter.EmbedOptions{}); err != nil {
		log.Fatal(err)
	}
	const question = "what are rings made of?"
	results, err := p.HybridQuery(ctx, "kb", question, embedder.Vector(question), presenter.HybridOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(results[0].FileName, results[0].ChunkIndex)
	f, err := p.File(ctx, "planets")
	fmt.Println(f.Status, err)
	// Output:
	// planets.md 1
	// completed <nil>
}

// Another model, while the base is used.
func ExamplePresenter_Reembed() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{Knowledge: true})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	small, large := embed.NewHashing(64, nil), embed.NewHashing(512, nil)

	if _, err := p.CreateBase(ctx, presenter.NewBase{ID: "kb", Dimensions: 64, Model: "small"}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.InsertFile(ctx, presenter.NewFile{ID: "f", BaseID: "kb"}); err != nil {
		log.Fatal(err)
	}
	if err := p.InsertChunks(ctx, "kb", []presenter.Chunk{{FileID: "f", Content: "Mars is red."}}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.EmbedChunks(ctx, "kb", small, presenter.EmbedOptions{}); err != nil {
		log.Fatal(err)
	}
	if err := p.Reembed(ctx, "kb", large, presenter.ReembedOptions{Model: "large"}); err != nil {
		log.Fatal(err)
	}
	b, err := p.Base(ctx, "kb")
	fmt.Println(b.Model, b.Dimensions, err)
	results, err := p.SimilarityQuery(ctx, "kb", large.Vector("red planets"), presenter.QueryOptions{})
	fmt.Println(len(results), err)
	// Output:
	// large 512 <nil>
	// 1 <nil>
}
