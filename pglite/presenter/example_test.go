package presenter_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/presenter"
)

// exampleDatabase opens a database in memory. A program that keeps its data
// names a folder, or connects a pool to a server.
func exampleDatabase(ctx context.Context) (*pgxpool.Pool, func()) {
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		log.Fatal(err)
	}
	pool, err := db.Pool(ctx)
	if err != nil {
		log.Fatal(err)
	}
	return pool, func() {
		pool.Close()
		if err := db.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

// Conversations are created, and read back as they were.
func Example() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	if _, err := p.CreateConversation(ctx, presenter.NewConversation{ID: "test-conv-1", Title: "Test Conversation"}); err != nil {
		log.Fatal(err)
	}
	question, err := p.InsertMessage(ctx, presenter.NewMessage{
		ConversationID: "test-conv-1", Role: presenter.User, Content: "Why is Mars red?",
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := p.InsertMessage(ctx, presenter.NewMessage{
		ConversationID: "test-conv-1", ParentID: question.ID, Role: presenter.Assistant, Content: "Its dust is full of rust.",
	}); err != nil {
		log.Fatal(err)
	}

	c, err := p.Conversation(ctx, "test-conv-1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Title, c.Settings.ModelID)
	messages, err := p.Messages(ctx, c.ID)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range messages {
		fmt.Println(m.OrderSeq, m.Role, m.Content)
	}
	// Output:
	// Test Conversation gpt-4
	// 1 user Why is Mars red?
	// 2 assistant Its dust is full of rust.
}

// What a transaction did is undone if its function returns an error.
func ExamplePresenter_WithTx() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	err = p.WithTx(ctx, func(tx presenter.Tx) error {
		if _, err := tx.CreateConversation(ctx, presenter.NewConversation{ID: "test-conv-2", Title: "Test Conversation 2"}); err != nil {
			return err
		}
		return errors.New("test error")
	})
	fmt.Println(err)
	_, err = p.Conversation(ctx, "test-conv-2")
	fmt.Println(errors.Is(err, presenter.ErrNotFound))
	// Output:
	// test error
	// true
}

// A transaction by id, for those who cannot wrap their work in a function.
func ExamplePresenter_Begin() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	id, err := p.Begin(ctx, presenter.BeginOptions{Timeout: 10 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	tx, err := p.Transaction(id)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tx.CreateConversation(ctx, presenter.NewConversation{Title: "In a transaction"}); err != nil {
		log.Fatal(err)
	}
	if err := p.Commit(ctx, id); err != nil {
		log.Fatal(err)
	}
	n, err := p.ConversationCount(ctx)
	fmt.Println(n, err)
	fmt.Println(p.Commit(ctx, "never begun"))
	// Output:
	// 1 <nil>
	// presenter: commit transaction "never begun": not found: no transaction of that id is open; it may have timed out
}

// The conversations that were updated last, after the pinned ones, with the
// number of their messages.
func ExamplePresenter_RecentConversations() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	monday := time.Date(2025, 9, 8, 9, 0, 0, 0, time.UTC)
	if _, err := p.InsertConversations(ctx, []presenter.NewConversation{
		{ID: "a", Title: "Planets", CreatedAt: monday},
		{ID: "b", Title: "Shopping", CreatedAt: monday.Add(time.Hour)},
		{ID: "c", Title: "House rules", CreatedAt: monday.Add(-time.Hour), IsPinned: true},
	}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.InsertMessages(ctx, []presenter.NewMessage{
		{ConversationID: "a", Role: presenter.User, Content: "Why is Mars red?"},
		{ConversationID: "a", Role: presenter.Assistant, Content: "Rust."},
	}); err != nil {
		log.Fatal(err)
	}
	recent, err := p.RecentConversations(ctx, 50)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range recent {
		fmt.Println(c.Title, c.MessageCount)
	}
	// Output:
	// House rules 0
	// Shopping 0
	// Planets 2
}

// Searching finds words in messages and titles, in all their forms.
func ExamplePresenter_Search() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{Language: "english"})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	now := time.Date(2025, 9, 9, 0, 0, 0, 0, time.UTC)
	if _, err := p.CreateConversation(ctx, presenter.NewConversation{ID: "a", Title: "Space", CreatedAt: now}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.InsertMessages(ctx, []presenter.NewMessage{
		{ConversationID: "a", Role: presenter.User, Content: "Which planets have rings?", CreatedAt: now},
		{ConversationID: "a", Role: presenter.Assistant, Content: "Every giant planet has: Saturn's are the brightest.", CreatedAt: now.Add(time.Second)},
	}); err != nil {
		log.Fatal(err)
	}
	hits, _, err := p.Search(ctx, "planet", presenter.SearchOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hits {
		fmt.Println(h.Role, h.Snippet.Mark("*", "*", nil))
	}
	// Output:
	// assistant Every giant *planet* has: Saturn's are the brightest.
	// user Which *planets* have rings?
}

// A conversation as a text for people.
func ExamplePresenter_Export() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	now := time.Date(2025, 9, 9, 0, 0, 0, 0, time.UTC)
	if _, err := p.CreateConversation(ctx, presenter.NewConversation{ID: "a", Title: "Space", CreatedAt: now}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.InsertMessage(ctx, presenter.NewMessage{
		ConversationID: "a", Role: presenter.User, Content: "Which planets have rings?", CreatedAt: now, Status: presenter.Sent,
	}); err != nil {
		log.Fatal(err)
	}
	if err := p.Export(ctx, os.Stdout, "a", presenter.Markdown); err != nil {
		log.Fatal(err)
	}
	// Output:
	// # Space
	//
	// 2025-09-09T00:00:00Z, openai gpt-4
	//
	// ## User, 2025-09-09T00:00:00Z
	//
	// Which planets have rings?
}

// Errors tell what happened by kind, and by SQLSTATE.
func ExampleDatabaseError() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	_, err = p.InsertMessage(ctx, presenter.NewMessage{ID: "m", ConversationID: "none", Role: presenter.User, OrderSeq: 1})
	fmt.Println(errors.Is(err, presenter.ErrReference))
	var failed *presenter.DatabaseError
	if errors.As(err, &failed) {
		fmt.Println(failed.Op, failed.Code, failed.Constraint)
	}
	// Output:
	// true
	// inserting message 23503 messages_conversation_id_fkey
}

// What a health endpoint would answer.
func ExamplePresenter_Health() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	h := p.Health(ctx)
	fmt.Println(h.Ready, h.SchemaVersion, h.ReadOnly, h.Error)
	// Output:
	// true 202511200001 false
}
