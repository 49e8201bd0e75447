package presenter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

func TestConversations(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		yes, workdir := true, "/tmp"
		settings := presenter.DefaultSettings()
		settings.SystemPrompt, settings.EnabledMCPTools, settings.EnableSearch = "Be brief.", []string{}, &yes
		settings.ACPWorkdirMap = map[string]*string{"claude": &workdir, "other": nil}
		settings.More = map[string]json.RawMessage{"agentId": json.RawMessage(`"x"`)}
		made, err := p.CreateConversation(ctx, presenter.NewConversation{
			ID: "a", Title: "First", Settings: &settings, CreatedAt: at(1), UpdatedAt: at(2), IsPinned: true,
			ParentConversationID: "p", ParentMessageID: "pm", ParentSelection: json.RawMessage(`{"selectedText": "x"}`),
		})
		require.NoError(t, err)
		require.Equal(t, presenter.Conversation{
			ID: "a", Title: "First", Settings: settings, CreatedAt: at(1), UpdatedAt: at(2), IsNew: true, IsPinned: true,
			ParentConversationID: "p", ParentMessageID: "pm", ParentSelection: json.RawMessage(`{"selectedText": "x"}`),
		}, made)
		read, err := p.Conversation(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, made, read)

		other, err := p.CreateConversation(ctx, presenter.NewConversation{Title: "Second"})
		require.NoError(t, err)
		require.NotEmpty(t, other.ID)
		require.Equal(t, presenter.DefaultSettings(), other.Settings)
		require.True(t, other.IsNew)
		require.Nil(t, other.ParentSelection)
		n, err := p.ConversationCount(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 2, n)

		renamed, err := p.RenameConversation(ctx, "a", "Renamed")
		require.NoError(t, err)
		require.Equal(t, "Renamed", renamed.Title)
		require.False(t, renamed.IsNew)
		require.True(t, renamed.UpdatedAt.After(at(2)))

		title, no, gone := "Updated", false, ""
		require.NoError(t, p.UpdateConversation(ctx, "a", presenter.ConversationUpdate{
			Title: &title, IsNew: &yes, IsPinned: &no, ParentMessageID: &gone, ParentSelection: json.RawMessage{}, UpdatedAt: at(9),
		}))
		read, err = p.Conversation(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, presenter.Conversation{
			ID: "a", Title: "Updated", Settings: settings, CreatedAt: at(1), UpdatedAt: at(9), IsNew: true, ParentConversationID: "p",
		}, read)
		require.NoError(t, p.PinConversation(ctx, "a", true))
		read, err = p.Conversation(ctx, "a")
		require.NoError(t, err)
		require.True(t, read.IsPinned)
		require.Equal(t, at(9), read.UpdatedAt)

		children, err := p.ChildConversations(ctx, "p")
		require.NoError(t, err)
		require.Equal(t, []string{"a"}, ids(children, conversationID))

		changed, err := p.UpdateSettings(ctx, "a", func(s *presenter.Settings) error { s.ModelID = "m"; s.EnableSearch = nil; return nil })
		require.NoError(t, err)
		require.Equal(t, "m", changed.ModelID)
		require.Equal(t, settings.More, changed.More)
		read, err = p.Conversation(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, changed, read.Settings)
		sorry := errors.New("sorry")
		_, err = p.UpdateSettings(ctx, "a", func(s *presenter.Settings) error { s.ModelID = "n"; return sorry })
		require.ErrorIs(t, err, sorry)

		require.NoError(t, p.DeleteConversation(ctx, "a"))
		for _, err := range []error{
			p.DeleteConversation(ctx, "a"), p.PinConversation(ctx, "a", true), p.UpdateConversation(ctx, "a", presenter.ConversationUpdate{}),
			second(p.Conversation(ctx, "a")), second(p.RenameConversation(ctx, "a", "x")), second(p.ForkConversation(ctx, "a", presenter.Fork{})),
			second(p.UpdateSettings(ctx, "a", func(*presenter.Settings) error { return nil })), second(p.Transcript(ctx, "a")),
		} {
			require.ErrorIs(t, err, presenter.ErrNotFound)
			require.NotErrorIs(t, err, presenter.ErrInvalid)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestConversationLists(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		var news []presenter.NewConversation
		for i := range 10 {
			// Some have the same time; the number in the id is the order of insertion.
			news = append(news, presenter.NewConversation{ID: fmt.Sprint(i), CreatedAt: at(int64(i / 2)), IsPinned: i == 3})
		}
		made, err := p.InsertConversations(ctx, news)
		require.NoError(t, err)
		require.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, made)
		say(t, p, "9", "m", "", "hello")

		page, err := p.ConversationPage(ctx, 2, 4)
		require.NoError(t, err)
		require.EqualValues(t, 10, page.Total)
		require.Equal(t, []string{"5", "4", "3", "2"}, ids(page.List, conversationID))
		page, err = p.ConversationPage(ctx, 4, 4)
		require.NoError(t, err)
		require.Empty(t, page.List)

		all := func(l presenter.ConversationList) (names []string, calls int) {
			for {
				list, more, err := p.ListConversations(ctx, l)
				require.NoError(t, err)
				names, calls = append(names, ids(list, conversationID)...), calls+1
				if l.After = more; more == "" {
					return names, calls
				}
			}
		}
		names, calls := all(presenter.ConversationList{Limit: 5})
		require.Equal(t, []string{"9", "8", "7", "6", "5", "4", "3", "2", "1", "0"}, names)
		require.Equal(t, 2, calls)
		names, _ = all(presenter.ConversationList{Limit: 3, PinnedFirst: true})
		require.Equal(t, []string{"3", "9", "8", "7", "6", "5", "4", "2", "1", "0"}, names)

		recent, err := p.RecentConversations(ctx, 2)
		require.NoError(t, err)
		require.Equal(t, []string{"3", "9"}, []string{recent[0].ID, recent[1].ID})
		require.EqualValues(t, 0, recent[0].MessageCount)
		require.EqualValues(t, 1, recent[1].MessageCount)

		for _, err := range []error{
			second(p.ConversationPage(ctx, 0, 10)), second(p.ConversationPage(ctx, 1, -1)), second(p.ConversationPage(ctx, 1, presenter.MaxPage+1)),
			third(p.ListConversations(ctx, presenter.ConversationList{After: "garbage"})),
			third(p.ListConversations(ctx, presenter.ConversationList{After: "' OR 1=1 --"})),
			third(p.ListMessages(ctx, "9", presenter.MessageList{After: "MQ"})),
			second(p.RecentConversations(ctx, -1)),
		} {
			require.ErrorIs(t, err, presenter.ErrInvalid)
		}
	})
}

func third[T, U any](_ T, _ U, err error) error { return err }

func TestFork(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		create(t, p, "b")
		say(t, p, "a", "1", "", "question")
		say(t, p, "a", "2", "1", "answer")
		say(t, p, "a", "3", "2", "later")
		say(t, p, "b", "4", "", "elsewhere")
		_, err := p.AddAttachment(ctx, presenter.Attachment{MessageID: "2", Type: "file", Content: "data"})
		require.NoError(t, err)

		fork, err := p.ForkConversation(ctx, "a", presenter.Fork{UpTo: "2", Title: "Fork"})
		require.NoError(t, err)
		require.Equal(t, "Fork", fork.Title)
		got, err := p.Transcript(ctx, fork.ID)
		require.NoError(t, err)
		require.Len(t, got.Messages, 2)
		require.Equal(t, "question", got.Messages[0].Content)
		require.Equal(t, "answer", got.Messages[1].Content)
		require.NotEqual(t, "1", got.Messages[0].ID)
		require.Equal(t, got.Messages[0].ID, got.Messages[1].ParentID)
		require.Len(t, got.Attachments, 1)
		require.Equal(t, got.Messages[1].ID, got.Attachments[0].MessageID)
		original, err := p.Transcript(ctx, "a")
		require.NoError(t, err)
		require.Len(t, original.Messages, 3)

		whole, err := p.ForkConversation(ctx, "a", presenter.Fork{ID: "whole"})
		require.NoError(t, err)
		require.Equal(t, "About a", whole.Title)
		list, err := p.Messages(ctx, "whole")
		require.NoError(t, err)
		require.Len(t, list, 3)

		_, err = p.ForkConversation(ctx, "a", presenter.Fork{UpTo: "4"})
		require.ErrorIs(t, err, presenter.ErrReference)
		_, err = p.ForkConversation(ctx, "a", presenter.Fork{UpTo: "none"})
		require.ErrorIs(t, err, presenter.ErrNotFound)
		_, err = p.ForkConversation(ctx, "a", presenter.Fork{ID: "b"})
		require.ErrorIs(t, err, presenter.ErrExists)
		n, err := p.ConversationCount(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 4, n)
	})
}
