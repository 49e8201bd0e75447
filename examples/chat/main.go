// Command chat keeps a conversation and a small knowledge base in one directory, and searches both.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/embed"
	"github.com/calfdb/calf/pglite/presenter"
)

func main() {
	dir, err := os.MkdirTemp("", "calf-chat-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := chat(context.Background(), filepath.Join(dir, "data"), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func chat(ctx context.Context, dir string, w io.Writer) error {
	db, err := pglite.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer db.Close()
	pool, err := db.Pool(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()

	p, err := presenter.New(ctx, pool, presenter.Config{Knowledge: true})
	if err != nil {
		return err
	}
	defer p.Close()
	c, err := p.CreateConversation(ctx, presenter.NewConversation{Title: "Planets"})
	if err != nil {
		return err
	}
	_, err = p.InsertMessage(ctx, presenter.NewMessage{ConversationID: c.ID, Role: presenter.User, Content: "Why is Mars red?"})
	if err != nil {
		return err
	}
	found, _, err := p.Search(ctx, "mars", presenter.SearchOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %s\n", found[0].Title, found[0].Snippet.Text)

	return answer(ctx, p, "why is it red?", w)
}

// answer looks for a question in a text, by words and by vectors.
func answer(ctx context.Context, p *presenter.Presenter, question string, w io.Writer) error {
	const text = "# Mars\nMars is red, for its dust is full of rust.\n\n# Saturn\nThe rings of Saturn are made of ice.\n"
	embedder := embed.NewHashing(384, nil) // finds parts of words; embed.NewHTTP asks a model
	_, err := p.CreateBase(ctx, presenter.NewBase{ID: "planets", Dimensions: 384, Model: "hashing"})
	if err != nil {
		return err
	}
	file, err := p.InsertFile(ctx, presenter.NewFile{BaseID: "planets", Name: "planets.md"})
	if err != nil {
		return err
	}
	var chunks []presenter.Chunk
	for i, piece := range embed.Split(text, embed.SplitOptions{Markdown: true}) {
		chunks = append(chunks, presenter.Chunk{FileID: file.ID, Index: i, Content: piece.Text})
	}
	if err := p.InsertChunks(ctx, "planets", chunks); err != nil {
		return err
	}
	if _, err := p.EmbedChunks(ctx, "planets", embedder, presenter.EmbedOptions{}); err != nil {
		return err
	}
	near, err := p.HybridQuery(ctx, "planets", question, embedder.Vector(question), presenter.HybridOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %s\n", near[0].FileName, near[0].Content)
	return nil
}
