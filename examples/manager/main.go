// Command manager keeps a database per customer in a folder, runs SQL that a
// language model might have written, and moves everything to another folder.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/pglite/manager"
)

func main() {
	dir, err := os.MkdirTemp("", "calf-manager-")
	if err == nil {
		err = errors.Join(run(context.Background(), dir, os.Stdout), os.RemoveAll(dir))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string, w io.Writer) (err error) {
	m, err := manager.OpenConfig(ctx, manager.Config{Dir: filepath.Join(dir, "here"), MaxOpen: 2}) // the other one is closed
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	for _, id := range []string{"anna", "bert", "cleo"} {
		if err := setUp(ctx, m, id); err != nil {
			return err
		}
	}
	if err := ask(ctx, m, "anna", "SELECT name, price FROM item ORDER BY price LIMIT 2", w); err != nil {
		return err
	}
	if err := ask(ctx, m, "bert", "DELETE FROM item; SELECT generate_series(1, 1000)", w); err != nil {
		return err
	}
	fmt.Fprintln(w, "open at most:", m.Stats().Open)
	return move(ctx, m, filepath.Join(dir, "there"), w)
}

// setUp makes a database with a table.
func setUp(ctx context.Context, m *manager.Manager, id string) error {
	if _, err := m.Create(ctx, manager.NewDatabase{ID: id, Name: "Shop of " + id}); err != nil {
		return err
	}
	db, err := m.Open(ctx, id)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(ctx, `CREATE TABLE item AS SELECT * FROM (VALUES ('apple', 3), ('pear', 4), ('plum', 1)) AS v (name, price)`)
	return err
}

// ask runs SQL with limits, and keeps question and answer.
func ask(ctx context.Context, m *manager.Manager, id, sql string, w io.Writer) error {
	db, err := m.Open(ctx, id)
	if err != nil {
		return err
	}
	defer db.Close()
	answer := map[string]any{"success": true}
	results, err := db.Run(ctx, sql, manager.RunOptions{})
	if err != nil { // the model is told, and may try again
		answer = map[string]any{"success": false, "error": err.Error()}
	} else {
		answer["rows"] = results[0].Rows
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, id+":", string(text))
	_, err = m.CreateMessage(ctx, manager.Message{DatabaseID: id, Role: manager.Assistant, Content: sql, ToolInvocations: text, Model: "some-model"})
	return err
}

// move exports everything to a file, and imports that into another folder.
func move(ctx context.Context, m *manager.Manager, dir string, w io.Writer) (err error) {
	f, err := os.CreateTemp(filepath.Dir(dir), "all-*.tar.gz")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if err := m.Export(ctx, f, manager.ExportConfig{}); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	other, err := manager.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.Close()) }()
	report, err := other.Import(ctx, f, manager.ImportConfig{})
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "moved:", len(report.Databases), "databases and", report.Messages, "messages")
	db, err := other.Open(ctx, "bert")
	if err != nil {
		return err
	}
	defer db.Close()
	var n int
	err = db.QueryRow(ctx, "SELECT count(*) FROM item").Scan(&n)
	fmt.Fprintln(w, "bert still has", n, "items")
	return err
}
