package presenter_test

import (
	"context"
	"fmt"
	"log"

	"github.com/calfdb/calf/pglite/presenter"
)

// Somebody has dropped an index, and made orphans.
func ExamplePresenter_ValidateIntegrity() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	if _, err := p.CreateConversation(ctx, presenter.NewConversation{ID: "mars"}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.InsertMessage(ctx, presenter.NewMessage{ID: "why", ConversationID: "mars", Role: presenter.User}); err != nil {
		log.Fatal(err)
	}
	_, err = pool.Exec(ctx, `DROP INDEX idx_messages_parent;
		SET session_replication_role = replica; DELETE FROM conversations; RESET session_replication_role`)
	if err != nil {
		log.Fatal(err)
	}

	found, err := p.ValidateIntegrity(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, problem := range found.Problems {
		fmt.Println(problem.Check+":", problem.Examples[0])
	}
	steps, err := p.Optimize(ctx, presenter.OptimizeOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range steps {
		fmt.Println(step.Object, "was", step.Reason)
	}
	// Output:
	// foreign key messages_conversation_id_fkey: mars/why refers to mars
	// the schema of chat: index messages.idx_messages_parent is missing
	// idx_messages_parent was missing
}

// Which index does a method of the presenter use?
func ExamplePresenter_ExplainCalls() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	plans, err := p.ExplainCalls(ctx, presenter.ExplainOptions{Analyze: true}, func(tx presenter.Tx) error {
		_, _, err := tx.ListConversations(ctx, presenter.ConversationList{Limit: 20})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, plan := range plans {
		fmt.Println(plan.Operation, plan.Uses("idx_conversations_updated"), len(plan.Warnings()))
	}
	// Output: listing conversations true 0
}

// Messages come from anywhere, a few at a time.
func ExampleTx_ImportMessages() {
	ctx := context.Background()
	pool, done := exampleDatabase(ctx)
	defer done()
	p, err := presenter.New(ctx, pool, presenter.Config{Memory: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	err = p.BulkLoad(ctx, func(tx presenter.Tx) error {
		if _, err := tx.CreateConversation(ctx, presenter.NewConversation{ID: "count"}); err != nil {
			return err
		}
		n, err := tx.ImportMessages(ctx, func(yield func(presenter.NewMessage, error) bool) {
			for i := range 2500 {
				if !yield(presenter.NewMessage{ConversationID: "count", Role: presenter.User, Content: fmt.Sprint(i)}, nil) {
					return
				}
			}
		})
		fmt.Println(n)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	last, err := p.LastUserMessage(ctx, "count")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(last.Content, last.OrderSeq)
	// Output:
	// 2500
	// 2499 2500
}
