package presenter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		m, err := p.InsertMessage(ctx, presenter.NewMessage{
			ID: "1", ConversationID: "a", Role: presenter.User, Content: "Why?", CreatedAt: at(1), TokenCount: 3,
			Metadata: json.RawMessage(`{"model": "m"}`), IsContextEdge: true,
		})
		require.NoError(t, err)
		require.Equal(t, presenter.Message{
			ID: "1", ConversationID: "a", Role: presenter.User, Content: "Why?", CreatedAt: at(1), OrderSeq: 1, TokenCount: 3,
			Status: presenter.Pending, Metadata: json.RawMessage(`{"model": "m"}`), IsContextEdge: true,
		}, m)
		made, err := p.InsertMessages(ctx, []presenter.NewMessage{
			{ID: "3", ConversationID: "a", ParentID: "2", Role: presenter.User, CreatedAt: at(3), Content: "And?"},
			{ID: "2", ConversationID: "a", ParentID: "1", Role: presenter.Assistant, CreatedAt: at(2), Content: "Because.", Status: presenter.Sent},
			{ID: "2b", ConversationID: "a", ParentID: "1", Role: presenter.Assistant, CreatedAt: at(5), Content: "Rust.", IsVariant: true, OrderSeq: 2},
			{ID: "2c", ConversationID: "a", ParentID: "1", Role: presenter.Assistant, CreatedAt: at(6), Content: "Iron.", IsVariant: true, Status: presenter.Failed},
		})
		require.NoError(t, err)
		require.Equal(t, []string{"3", "2", "2b", "2c"}, made)

		list, err := p.Messages(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2", "3"}, ids(list, messageID))
		require.Equal(t, []string{"2b", "2c"}, ids(list[1].Variants, messageID))
		require.Empty(t, list[0].Variants)
		require.Equal(t, []int{1, 4, 3}, []int{list[0].OrderSeq, list[1].OrderSeq, list[2].OrderSeq})
		last, err := p.MaxOrderSeq(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, 5, last)
		last, err = p.MaxOrderSeq(ctx, "none")
		require.NoError(t, err)
		require.Zero(t, last)

		got, err := p.MessageIDs(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2", "3"}, got)
		some, err := p.MessagesByID(ctx, []string{"3", "none", "1"})
		require.NoError(t, err)
		require.Equal(t, []string{"3", "1"}, ids(some, messageID))
		variants, err := p.MessageVariants(ctx, "1")
		require.NoError(t, err)
		require.Equal(t, []string{"2", "2b", "2c"}, ids(variants, messageID))
		main, err := p.MainMessageByParent(ctx, "a", "1")
		require.NoError(t, err)
		require.Equal(t, "2", main.ID)
		require.Len(t, main.Variants, 2)
		_, err = p.MainMessageByParent(ctx, "a", "3")
		require.ErrorIs(t, err, presenter.ErrNotFound)
		user, err := p.LastUserMessage(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, "3", user.ID)
		assistant, err := p.LastAssistantMessage(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, "2", assistant.ID)
		_, err = p.LastUserMessage(ctx, "none")
		require.ErrorIs(t, err, presenter.ErrNotFound)

		content, status, tokens, edge := "Now!", presenter.Sent, 9, false
		require.NoError(t, p.UpdateMessage(ctx, "1", presenter.MessageUpdate{
			Content: &content, Status: &status, TokenCount: &tokens, IsContextEdge: &edge, Metadata: json.RawMessage(`{}`),
		}))
		m, err = p.Message(ctx, "1")
		require.NoError(t, err)
		require.Equal(t, presenter.Message{
			ID: "1", ConversationID: "a", Role: presenter.User, Content: "Now!", CreatedAt: at(1), OrderSeq: 1, TokenCount: 9,
			Status: presenter.Sent, Metadata: json.RawMessage(`{}`),
		}, m)
		require.NoError(t, p.UpdateMessage(ctx, "1", presenter.MessageUpdate{}))

		require.NoError(t, p.UpdateMessageParent(ctx, "3", "2b"))
		require.ErrorIs(t, p.UpdateMessageParent(ctx, "1", "3"), presenter.ErrInvalid, "a circle")
		require.ErrorIs(t, p.UpdateMessageParent(ctx, "1", "1"), presenter.ErrInvalid)
		require.ErrorIs(t, p.UpdateMessageParent(ctx, "1", "none"), presenter.ErrReference)
		require.ErrorIs(t, p.UpdateMessageParent(ctx, "none", "1"), presenter.ErrNotFound)
		require.NoError(t, p.DeleteMessage(ctx, "2b"))
		m, err = p.Message(ctx, "3")
		require.NoError(t, err)
		require.Empty(t, m.ParentID)
		require.NoError(t, p.UpdateMessageParent(ctx, "2", ""))

		n, err := p.DeleteMessages(ctx, "a")
		require.NoError(t, err)
		require.EqualValues(t, 4, n)
		create(t, p, "b")
		say(t, p, "b", "9", "", "x")
		n, err = p.DeleteAllMessages(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.ErrorIs(t, p.DeleteMessage(ctx, "9"), presenter.ErrNotFound)
		require.ErrorIs(t, p.UpdateMessage(ctx, "9", presenter.MessageUpdate{}), presenter.ErrNotFound)
	})
}

func TestListMessages(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		var news []presenter.NewMessage
		for i := range 9 {
			news = append(news, presenter.NewMessage{ID: fmt.Sprint(i), ConversationID: "a", Role: presenter.User, CreatedAt: at(int64(i / 3)), OrderSeq: 1 + i/2})
		}
		_, err := p.InsertMessages(ctx, news)
		require.NoError(t, err)
		for _, newest := range []bool{false, true} {
			l := presenter.MessageList{NewestFirst: newest, Limit: 2}
			var got []string
			for {
				list, more, err := p.ListMessages(ctx, "a", l)
				require.NoError(t, err)
				require.LessOrEqual(t, len(list), 2)
				got = append(got, ids(list, messageID)...)
				if l.After = more; more == "" {
					break
				}
			}
			want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8"}
			if newest {
				want = []string{"8", "7", "6", "5", "4", "3", "2", "1", "0"}
			}
			require.Equal(t, want, got)
		}
	})
}

// Those who write to a conversation at the same time get a number each.
func TestOrderSeqHammer(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		create(t, p, "a")
		const writers, each = 4, 5
		var wg sync.WaitGroup
		errs := make([]error, writers)
		for i := range writers {
			wg.Go(func() {
				for range each {
					_, err := p.InsertMessage(context.Background(), presenter.NewMessage{ConversationID: "a", Role: presenter.User})
					if err != nil {
						errs[i] = err
					}
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		list, err := p.Messages(context.Background(), "a")
		require.NoError(t, err)
		seen := map[int]bool{}
		for _, m := range list {
			seen[m.OrderSeq] = true
			require.True(t, m.OrderSeq >= 1 && m.OrderSeq <= writers*each)
		}
		require.Len(t, seen, writers*each)
	})
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		say(t, p, "a", "1", "", "see")
		first, err := p.AddAttachment(ctx, presenter.Attachment{MessageID: "1", Type: "file", Content: "text", CreatedAt: at(1), Metadata: json.RawMessage(`{"n": 1}`)})
		require.NoError(t, err)
		require.NotEmpty(t, first.ID)
		_, err = p.AddAttachment(ctx, presenter.Attachment{ID: "y", MessageID: "1", Type: "search_result", Content: "[]", CreatedAt: at(0)})
		require.NoError(t, err)
		all, err := p.Attachments(ctx, "1", "")
		require.NoError(t, err)
		require.Equal(t, []presenter.Attachment{
			{ID: "y", MessageID: "1", Type: "search_result", Content: "[]", CreatedAt: at(0), Metadata: json.RawMessage(`{}`)}, first,
		}, all)
		files, err := p.Attachments(ctx, "1", "file")
		require.NoError(t, err)
		require.Equal(t, []presenter.Attachment{first}, files)
		_, err = p.AddAttachment(ctx, presenter.Attachment{MessageID: "none", Type: "file"})
		require.ErrorIs(t, err, presenter.ErrReference)
		_, err = p.AddAttachment(ctx, presenter.Attachment{ID: "y", MessageID: "1", Type: "file"})
		require.ErrorIs(t, err, presenter.ErrExists)
		require.NoError(t, p.DeleteAttachment(ctx, "y"))
		require.ErrorIs(t, p.DeleteAttachment(ctx, "y"), presenter.ErrNotFound)
		require.NoError(t, p.DeleteConversation(ctx, "a"))
		all, err = p.Attachments(ctx, "1", "")
		require.NoError(t, err)
		require.Empty(t, all)
	})
}

func TestAppSettingsAndAgents(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		require.NoError(t, p.SetAppSetting(ctx, "theme", "dark"))
		require.NoError(t, p.SetAppSetting(ctx, "theme", map[string]int{"hue": 3}))
		require.NoError(t, p.SetAppSetting(ctx, "nothing", nil))
		var theme map[string]int
		require.NoError(t, p.AppSetting(ctx, "theme", &theme))
		require.Equal(t, map[string]int{"hue": 3}, theme)
		var wrong int
		require.ErrorIs(t, p.AppSetting(ctx, "theme", &wrong), presenter.ErrInvalid)
		all, err := p.AppSettings(ctx)
		require.NoError(t, err)
		require.JSONEq(t, `{"hue": 3}`, string(all["theme"]))
		require.Len(t, all, 2)
		require.NoError(t, p.DeleteAppSetting(ctx, "theme"))
		require.ErrorIs(t, p.AppSetting(ctx, "theme", &theme), presenter.ErrNotFound)
		require.ErrorIs(t, p.SetAppSetting(ctx, "", 1), presenter.ErrInvalid)
		require.ErrorIs(t, p.SetAppSetting(ctx, "f", func() {}), presenter.ErrInvalid)

		create(t, p, "a")
		s, err := p.PutACPSession(ctx, presenter.ACPSession{ConversationID: "a", AgentID: "claude", SessionID: "s1"})
		require.NoError(t, err)
		require.Equal(t, presenter.ACPIdle, s.Status)
		status, dir := presenter.ACPActive, "/work"
		require.NoError(t, p.UpdateACPSession(ctx, "a", "claude", presenter.ACPSessionUpdate{Status: &status, Workdir: &dir}))
		s, err = p.ACPSession(ctx, "a", "claude")
		require.NoError(t, err)
		require.Equal(t, "s1", s.SessionID)
		require.Equal(t, dir, s.Workdir)
		require.Equal(t, presenter.ACPActive, s.Status)
		_, err = p.PutACPSession(ctx, presenter.ACPSession{ConversationID: "none", AgentID: "claude"})
		require.ErrorIs(t, err, presenter.ErrReference)
		_, err = p.PutACPSession(ctx, presenter.ACPSession{ConversationID: "a", AgentID: "x", Status: "asleep"})
		require.ErrorIs(t, err, presenter.ErrInvalid)
		require.NoError(t, p.DeleteACPSession(ctx, "a", "claude"))
		n, err := p.DeleteACPSessions(ctx, "a")
		require.NoError(t, err)
		require.Zero(t, n)
		_, err = p.ACPSession(ctx, "a", "claude")
		require.ErrorIs(t, err, presenter.ErrNotFound)
	})
}
