package manager_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/calfdb/calf/pglite/manager"
)

// inFolder runs an example in a folder of its own. A program names one that
// stays.
func inFolder(example func(context.Context, *manager.Manager) error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "calf-manager-")
	if err != nil {
		log.Fatal(err)
	}
	m, err := manager.Open(ctx, dir)
	if err == nil {
		err = errors.Join(example(ctx, m), m.Close())
	}
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		log.Fatal(err)
	}
}

// A database is made, used, and listed.
func Example() {
	inFolder(func(ctx context.Context, m *manager.Manager) error {
		d, err := m.Create(ctx, manager.NewDatabase{Name: "Planets"})
		if err != nil {
			return err
		}
		db, err := m.Open(ctx, d.ID)
		if err != nil {
			return err
		}
		defer db.Close()
		if _, err := db.Exec(ctx, "CREATE TABLE planet AS SELECT unnest(ARRAY['Mars', 'Venus']) AS name"); err != nil {
			return err
		}
		var n int
		if err := db.QueryRow(ctx, "SELECT count(*) FROM planet").Scan(&n); err != nil {
			return err
		}
		list, err := m.Databases(ctx, false)
		if err != nil {
			return err
		}
		fmt.Println(list[0].Name, n, "on PostgreSQL", m.RuntimeVersion())
		return nil
	})
	// Output: Planets 2 on PostgreSQL 18
}

// A hidden database is shown at its first message.
func ExampleManager_CreateMessage() {
	inFolder(func(ctx context.Context, m *manager.Manager) error {
		d, err := m.Create(ctx, manager.NewDatabase{Hidden: true})
		if err != nil {
			return err
		}
		_, err = m.CreateMessage(ctx, manager.Message{
			DatabaseID: d.ID, Role: manager.Assistant, Content: "Here they are.", Model: "some-model", APIURL: "https://example.com/v1",
			ToolInvocations: json.RawMessage(`[{"toolName": "executeSql", "args": {"sql": "TABLE planet"}}]`),
		})
		if err != nil {
			return err
		}
		name, shown := "Planets", false
		if _, err := m.Update(ctx, d.ID, manager.Update{Name: &name, Hidden: &shown}); err != nil {
			return err
		}
		messages, err := m.Messages(ctx, d.ID)
		if err != nil {
			return err
		}
		count, err := m.Count(ctx, false)
		fmt.Println(count, messages[0].Role, messages[0].Model, string(messages[0].ToolInvocations))
		return err
	})
	// Output: 1 assistant some-model [{"args": {"sql": "TABLE planet"}, "toolName": "executeSql"}]
}

// SQL of a language model runs with limits.
func ExampleHandle_Run() {
	inFolder(func(ctx context.Context, m *manager.Manager) error {
		d, err := m.Create(ctx, manager.NewDatabase{})
		if err != nil {
			return err
		}
		db, err := m.Open(ctx, d.ID)
		if err != nil {
			return err
		}
		defer db.Close()
		results, err := db.Run(ctx, "SELECT 'Mars' AS name, 2 AS moons, '[0.1,0.2,0.3,0.4]'::vector AS meaning", manager.RunOptions{})
		if err != nil {
			return err
		}
		fmt.Println(results[0].Columns[0].Name, results[0].Rows)
		_, err = db.Run(ctx, "SELECT generate_series(1, 101)", manager.RunOptions{})
		fmt.Println(errors.Is(err, manager.ErrTooManyRows))
		return nil
	})
	// Output:
	// name [[Mars 2 [0.1,0.2,0.3,...]]]
	// true
}

// Texts are found by what their vectors say.
func ExampleHandle_SearchEmbeddings() {
	inFolder(func(ctx context.Context, m *manager.Manager) error {
		d, err := m.Create(ctx, manager.NewDatabase{})
		if err != nil {
			return err
		}
		db, err := m.Open(ctx, d.ID)
		if err != nil {
			return err
		}
		defer db.Close()
		vector := func(first, second float32) []float32 { // an embedding model makes these
			v := make([]float32, manager.EmbeddingDimension)
			v[0], v[1] = first, second
			return v
		}
		_, err = db.SaveEmbeddings(ctx, []manager.Embedding{
			{Content: "Mars is red.", Vector: vector(1, 0)}, {Content: "Neptune is blue.", Vector: vector(0, 1)},
		})
		if err != nil {
			return err
		}
		found, err := db.SearchEmbeddings(ctx, vector(0.9, 0.1), manager.SearchOptions{Limit: 1})
		if err != nil {
			return err
		}
		fmt.Printf("%s %.3f\n", found[0].Content, found[0].Distance)
		return nil
	})
	// Output: Mars is red. 0.006
}

// Everything is exported, and imported by another manager.
func ExampleManager_Export() {
	var archive bytes.Buffer // a file, as a rule
	inFolder(func(ctx context.Context, m *manager.Manager) error {
		if _, err := m.Create(ctx, manager.NewDatabase{ID: "planets", Name: "Planets", Hidden: true}); err != nil {
			return err
		}
		return m.Export(ctx, &archive, manager.ExportConfig{})
	})
	inFolder(func(ctx context.Context, m *manager.Manager) error {
		report, err := m.Import(ctx, &archive, manager.ImportConfig{})
		if err != nil {
			return err
		}
		fmt.Println(report.Databases[0].Name, report.Databases[0].Hidden, len(report.Failed))
		return nil
	})
	// Output: Planets true 0
}
