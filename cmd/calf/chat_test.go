package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/presenter"
	"github.com/stretchr/testify/require"
)

// converse fills a database with conversations.
func converse(t *testing.T, db *pglite.DB) {
	t.Helper()
	ctx := t.Context()
	pool, err := db.Pool(ctx)
	require.NoError(t, err)
	defer pool.Close()
	p, err := presenter.New(ctx, pool, presenter.Config{})
	require.NoError(t, err)
	defer p.Close()
	monday := time.Date(2025, 9, 8, 9, 0, 0, 0, time.UTC)
	_, err = p.InsertConversations(ctx, []presenter.NewConversation{
		{ID: "a", Title: "Planets\nand \x1b[31mmoons", CreatedAt: monday}, {ID: "b", Title: "Shopping", CreatedAt: monday.Add(time.Hour)},
	})
	require.NoError(t, err)
	_, err = p.InsertMessages(ctx, []presenter.NewMessage{
		{ID: "m1", ConversationID: "a", Role: presenter.User, Content: "Which planets have rings?", CreatedAt: monday, Status: presenter.Sent},
		{ID: "m2", ConversationID: "a", Role: presenter.Assistant, Content: "Every giant planet has.\x1b]0;title\x07", CreatedAt: monday.Add(time.Second), Status: presenter.Sent},
	})
	require.NoError(t, err)
}

const conversationA = `# Planets and [31mmoons

2025-09-08T09:00:00Z, openai gpt-4

## User, 2025-09-08T09:00:00Z

Which planets have rings?

## Assistant, 2025-09-08T09:00:01Z

Every giant planet has.]0;title
`

func TestChat(t *testing.T) {
	needsGuest(t)
	dir := filepath.Join(t.TempDir(), "data")
	db, err := pglite.Open(t.Context(), dir)
	require.NoError(t, err)
	converse(t, db)

	// Of a server first, then of the directory.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- db.Serve(ctx, l, pglite.ServeConfig{}) }()
	chats(t, "postgres://postgres@"+l.Addr().String()+"/postgres?sslmode=disable")
	cancel()
	require.NoError(t, <-served)
	require.NoError(t, db.Close())
	chats(t, dir)
}

func chats(t *testing.T, db string) {
	t.Helper()
	const list = "b  2025-09-08 10:00:00  Shopping\na  2025-09-08 09:00:00  Planets and [31mmoons\n"
	require.Equal(t, outcome{exitOK, list, ""}, calf(t, "", "chat", "list", "--db", db))
	require.Equal(t, outcome{exitOK, list, ""}, calf(t, "", "chat", "list", "--db", db, "--all"))
	got := calf(t, "", "chat", "list", "--db", db, "--limit", "1", "--json")
	var conversations []presenter.Conversation
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &conversations))
	require.Len(t, conversations, 1)

	require.Equal(t, outcome{exitOK, conversationA, ""}, calf(t, "", "chat", "show", "--db", db, "a"))
	require.Equal(t, outcome{exitFailed, "", "calf: reading conversation \"none\": not found\n"}, calf(t, "", "chat", "show", "--db", db, "none"))

	require.Equal(t, outcome{exitOK, "2025-09-08 09:00:00  a  Planets and [31mmoons: user\n   Which *planets* have *rings*?\n", ""},
		calf(t, "", "chat", "search", "--db", db, "planet", "ring"))
	require.Equal(t, outcome{exitOK, "2025-09-08 10:00:00  b  Shopping: title\n   *Shopping*\n", ""}, calf(t, "", "chat", "search", "--db", db, "--titles", "shop"))
	require.Equal(t, outcome{exitOK, "nothing was found\n", ""}, calf(t, "", "chat", "search", "--db", db, "--conversation", "b", "planet"))
	got = calf(t, "", "chat", "search", "--db", db, "--json", "--best", "planet")
	var hits []presenter.SearchHit
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &hits))
	require.Len(t, hits, 3)
	got = calf(t, "", "chat", "search", "--db", db, "--language", "klingon", "planet")
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "klingon")

	folder := t.TempDir()
	file := filepath.Join(folder, "a.md")
	require.Equal(t, outcome{exitOK, "", ""}, calf(t, "", "chat", "export", "--db", db, "-o", file, "a"))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), "Every giant planet has.\x1b]0;title\x07\n", "a file has everything")
	got = calf(t, "", "chat", "export", "--db", db, "a")
	var transcript presenter.Transcript
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &transcript))
	require.Len(t, transcript.Messages, 2)
	got = calf(t, "", "chat", "export", "--db", db, "-o", filepath.Join(folder, "none.json"), "none")
	require.Equal(t, exitFailed, got.status)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
