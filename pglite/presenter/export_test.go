package presenter_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

func TestExport(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		settings := presenter.DefaultSettings()
		settings.SystemPrompt = "Be brief.\nBe kind."
		_, err := p.CreateConversation(ctx, presenter.NewConversation{ID: "a", Title: "Red\nplanets", Settings: &settings, CreatedAt: at(0)})
		require.NoError(t, err)
		_, err = p.InsertMessages(ctx, []presenter.NewMessage{
			{ID: "1", ConversationID: "a", Role: presenter.User, Content: `{"text": "Why is **Mars** red?", "files": []}`, CreatedAt: at(0), Status: presenter.Sent},
			{
				ID: "2", ConversationID: "a", ParentID: "1", Role: presenter.Assistant, CreatedAt: at(1000), Status: presenter.Sent,
				Content: `[{"type": "reasoning_content", "content": "Hm."}, {"type": "content", "content": "Rust."}, {"type": "content", "content": "Lots <b>of</b> it."}]`,
			},
			{ID: "2b", ConversationID: "a", ParentID: "1", Role: presenter.Assistant, Content: "Paint.", CreatedAt: at(1500), IsVariant: true},
			{ID: "3", ConversationID: "a", Role: presenter.User, Content: "[1, 2]", CreatedAt: at(2000), IsContextEdge: true, Status: presenter.Failed},
		})
		require.NoError(t, err)
		_, err = p.AddAttachment(ctx, presenter.Attachment{ID: "x", MessageID: "3", Type: "file", Content: "12345", CreatedAt: at(0)})
		require.NoError(t, err)

		var text strings.Builder
		require.NoError(t, p.Export(ctx, &text, "a", presenter.Markdown))
		require.Equal(t, `# Red planets

2025-09-09T00:00:00Z, openai gpt-4

> Be brief.
> Be kind.

## User, 2025-09-09T00:00:00Z

Why is **Mars** red?

## Assistant, 2025-09-09T00:00:01Z

Rust.

Lots <b>of</b> it.

---

## User, 2025-09-09T00:00:02Z (error)

[1, 2]

Attached: file, 5 bytes
`, text.String())

		text.Reset()
		require.NoError(t, p.Export(ctx, &text, "a", presenter.JSON))
		var read presenter.Transcript
		require.NoError(t, json.Unmarshal([]byte(text.String()), &read))
		want, err := p.Transcript(ctx, "a")
		require.NoError(t, err)
		wantJSON, err := json.Marshal(want)
		require.NoError(t, err)
		readJSON, err := json.Marshal(read)
		require.NoError(t, err)
		require.JSONEq(t, string(wantJSON), string(readJSON))
		require.Len(t, read.Messages, 4)
		require.Equal(t, settings, read.Conversation.Settings)
		require.Equal(t, presenter.TranscriptFormat, read.Format)

		require.ErrorIs(t, p.Export(ctx, &text, "none", presenter.JSON), presenter.ErrNotFound)
		require.ErrorIs(t, p.Export(ctx, &text, "a", "docx"), presenter.ErrInvalid)
		full := errors.New("disk full")
		for _, format := range []presenter.Format{presenter.JSON, presenter.Markdown} {
			require.ErrorIs(t, p.Export(ctx, failing{full}, "a", format), full)
		}
	})
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestSettingsJSON(t *testing.T) {
	t.Parallel()
	var s presenter.Settings
	require.NoError(t, json.Unmarshal([]byte(`{
		"temperature": "hot", "modelId": "m", "enabledMcpTools": "NULL", "artifacts": 1, "agentId": "x", "activeSkills": [],
		"thinkingBudget": null
	}`), &s))
	require.Equal(t, presenter.Settings{
		ModelID: "m", Artifacts: 1, ActiveSkills: []string{}, More: map[string]json.RawMessage{"agentId": json.RawMessage(`"x"`)},
	}, s)
	data, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{"systemPrompt": "", "temperature": 0, "contextLength": 0, "maxTokens": 0, "providerId": "", "modelId": "m",
		"artifacts": 1, "activeSkills": [], "agentId": "x"}`, string(data))
	require.Error(t, json.Unmarshal([]byte(`[]`), &s))
}
