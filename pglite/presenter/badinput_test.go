package presenter_test

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// contents counts the rows of all tables.
func contents(t *testing.T, pool *pgxpool.Pool) (n [5]int64) {
	t.Helper()
	require.NoError(t, pool.QueryRow(context.Background(), `SELECT (SELECT count(*) FROM conversations), (SELECT count(*) FROM messages),
		(SELECT count(*) FROM message_attachments), (SELECT count(*) FROM app_settings), (SELECT count(*) FROM acp_sessions)`).
		Scan(&n[0], &n[1], &n[2], &n[3], &n[4]))
	return n
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		create(t, p, "b")
		say(t, p, "a", "1", "", "hello")
		say(t, p, "b", "2", "", "hello")
		message := func(change func(*presenter.NewMessage)) func() error {
			return func() error {
				n := presenter.NewMessage{ConversationID: "a", Role: presenter.User}
				change(&n)
				_, one := p.InsertMessage(ctx, n)
				_, many := p.InsertMessages(ctx, []presenter.NewMessage{{ID: "good", ConversationID: "a", Role: presenter.User}, n})
				require.Equal(t, one == nil, many == nil)
				for _, kind := range []error{presenter.ErrExists, presenter.ErrInvalid, presenter.ErrNotFound, presenter.ErrReference} {
					require.Equal(t, isKind(one, kind), isKind(many, kind), "one %v, many %v", one, many)
				}
				return one
			}
		}
		conversation := func(n presenter.NewConversation) func() error {
			return func() error {
				_, one := p.CreateConversation(ctx, n)
				_, many := p.InsertConversations(ctx, []presenter.NewConversation{{ID: "good"}, n})
				for _, kind := range []error{presenter.ErrExists, presenter.ErrInvalid, presenter.ErrNotFound, presenter.ErrReference} {
					require.Equal(t, isKind(one, kind), isKind(many, kind), "one %v, many %v", one, many)
				}
				return one
			}
		}
		settings := func(change func(*presenter.Settings)) presenter.NewConversation {
			s := presenter.DefaultSettings()
			change(&s)
			return presenter.NewConversation{Settings: &s}
		}
		unknown, negative, bad := presenter.Status("done"), -1, "\xff"
		tests := map[string]struct {
			do   func() error
			want error
		}{
			"no conversation":            {message(func(n *presenter.NewMessage) { n.ConversationID = "none" }), presenter.ErrReference},
			"an empty conversation":      {message(func(n *presenter.NewMessage) { n.ConversationID = "" }), presenter.ErrReference},
			"a dangling parent":          {message(func(n *presenter.NewMessage) { n.ParentID = "none" }), presenter.ErrReference},
			"a parent from elsewhere":    {message(func(n *presenter.NewMessage) { n.ParentID = "2" }), presenter.ErrReference},
			"its own parent":             {message(func(n *presenter.NewMessage) { n.ID, n.ParentID = "x", "x" }), presenter.ErrInvalid},
			"an unknown status":          {message(func(n *presenter.NewMessage) { n.Status = unknown }), presenter.ErrInvalid},
			"an unknown role":            {message(func(n *presenter.NewMessage) { n.Role = "robot" }), presenter.ErrInvalid},
			"no role":                    {message(func(n *presenter.NewMessage) { n.Role = "" }), presenter.ErrInvalid},
			"a duplicate id":             {message(func(n *presenter.NewMessage) { n.ID = "2" }), presenter.ErrExists},
			"an id of 10 MB":             {message(func(n *presenter.NewMessage) { n.ID = random10MB() }), presenter.ErrInvalid},
			"NUL":                        {message(func(n *presenter.NewMessage) { n.Content = "a\x00b" }), presenter.ErrInvalid},
			"invalid UTF-8":              {message(func(n *presenter.NewMessage) { n.Content = bad }), presenter.ErrInvalid},
			"a surrogate":                {message(func(n *presenter.NewMessage) { n.Content = "\xed\xa0\x80" }), presenter.ErrInvalid},
			"an invalid id":              {message(func(n *presenter.NewMessage) { n.ID = bad }), presenter.ErrInvalid},
			"bad JSON":                   {message(func(n *presenter.NewMessage) { n.Metadata = json.RawMessage("{") }), presenter.ErrInvalid},
			"NUL in JSON":                {message(func(n *presenter.NewMessage) { n.Metadata = json.RawMessage(`{"a": "\u0000"}`) }), presenter.ErrInvalid},
			"invalid UTF-8 in JSON":      {message(func(n *presenter.NewMessage) { n.Metadata = json.RawMessage(`{"a": "` + bad + `"}`) }), presenter.ErrInvalid},
			"a negative order":           {message(func(n *presenter.NewMessage) { n.OrderSeq = -1 }), presenter.ErrInvalid},
			"a large order":              {message(func(n *presenter.NewMessage) { n.OrderSeq = math.MaxInt32 + 1 }), presenter.ErrInvalid},
			"negative tokens":            {message(func(n *presenter.NewMessage) { n.TokenCount = -1 }), presenter.ErrInvalid},
			"a duplicate conversation":   {conversation(presenter.NewConversation{ID: "a"}), presenter.ErrExists},
			"a title with NUL":           {conversation(presenter.NewConversation{Title: "\x00"}), presenter.ErrInvalid},
			"a title that is not UTF-8":  {conversation(presenter.NewConversation{Title: bad}), presenter.ErrInvalid},
			"a bad selection":            {conversation(presenter.NewConversation{ParentSelection: json.RawMessage("x")}), presenter.ErrInvalid},
			"settings with NUL":          {conversation(settings(func(s *presenter.Settings) { s.SystemPrompt = "\x00" })), presenter.ErrInvalid},
			"settings that are no UTF-8": {conversation(settings(func(s *presenter.Settings) { s.SystemPrompt = bad })), presenter.ErrInvalid},
			"a list that is not UTF-8":   {conversation(settings(func(s *presenter.Settings) { s.ActiveSkills = []string{"", bad} })), presenter.ErrInvalid},
			"a key that is not UTF-8": {
				conversation(settings(func(s *presenter.Settings) { s.SelectedVariantsMap = map[string]string{bad: ""} })), presenter.ErrInvalid,
			},
			"NaN": {conversation(settings(func(s *presenter.Settings) { s.Temperature = math.NaN() })), presenter.ErrInvalid},
			"updating to an unknown status": {
				func() error { return p.UpdateMessage(ctx, "1", presenter.MessageUpdate{Status: &unknown}) }, presenter.ErrInvalid,
			},
			"updating to negative tokens": {
				func() error { return p.UpdateMessage(ctx, "1", presenter.MessageUpdate{TokenCount: &negative}) }, presenter.ErrInvalid,
			},
			"updating to what is no UTF-8": {
				func() error { return p.UpdateMessage(ctx, "1", presenter.MessageUpdate{Content: &bad}) }, presenter.ErrInvalid,
			},
			"renaming to what is no UTF-8": {func() error { return second(p.RenameConversation(ctx, "a", bad)) }, presenter.ErrInvalid},
			"reading what is no UTF-8":     {func() error { return second(p.Message(ctx, bad)) }, presenter.ErrInvalid},
			"a setting that is no UTF-8":   {func() error { return p.SetAppSetting(ctx, "k", bad) }, presenter.ErrInvalid},
			"a setting of raw garbage":     {func() error { return p.SetAppSetting(ctx, "k", json.RawMessage("{")) }, presenter.ErrInvalid},
			"an attachment that is no UTF-8": {
				func() error { return second(p.AddAttachment(ctx, presenter.Attachment{MessageID: "1", Content: bad})) }, presenter.ErrInvalid,
			},
		}
		before := contents(t, pool)
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				err := test.do()
				require.ErrorIs(t, err, test.want)
				var typed *presenter.DatabaseError
				require.ErrorAs(t, err, &typed)
				require.Len(t, typed.Code, 5)
				require.NotEmpty(t, typed.Op)
				require.Less(t, len(err.Error()), 1000)
				require.Equal(t, before, contents(t, pool), "something was written")
			})
		}
		m, err := p.Message(ctx, "1")
		require.NoError(t, err)
		require.Equal(t, presenter.Sent, m.Status)
		require.Equal(t, "hello", m.Content)
	})
}

func isKind(err, kind error) bool {
	typed, ok := err.(*presenter.DatabaseError)
	return ok && typed.Is(kind)
}

// random10MB is a text that does not compress to what an index can hold.
func random10MB() string {
	var b strings.Builder
	for x := uint32(1); b.Len() < 10<<20; x = x*1664525 + 1013904223 {
		b.WriteByte('a' + byte(x>>24)%26)
	}
	return b.String()
}

// What looks like SQL is text like any other, in every string.
func TestSQLInStrings(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		for _, evil := range []string{
			`'; DROP TABLE messages; --`, `"; DROP TABLE messages; --`, `$1`, `\`, `%s%n`, `$$; DROP TABLE messages; $$`, "'||(SELECT 1)||'", "\u0085\u200b👩‍👩‍👧",
		} {
			raw, err := json.Marshal(evil)
			require.NoError(t, err)
			settings := presenter.DefaultSettings()
			settings.SystemPrompt, settings.ActiveSkills, settings.SelectedVariantsMap = evil, []string{evil}, map[string]string{evil: evil}
			settings.More = map[string]json.RawMessage{evil: raw}
			c, err := p.CreateConversation(ctx, presenter.NewConversation{
				ID: evil, Title: evil, Settings: &settings, ParentConversationID: evil, ParentMessageID: evil, ParentSelection: raw,
			})
			require.NoError(t, err)
			require.Equal(t, evil, c.ID)
			require.Equal(t, evil, c.Title)
			require.Equal(t, settings, c.Settings)
			m, err := p.InsertMessage(ctx, presenter.NewMessage{ID: evil, ConversationID: evil, Role: presenter.User, Content: evil, Metadata: raw})
			require.NoError(t, err)
			require.Equal(t, evil, m.Content)
			a, err := p.AddAttachment(ctx, presenter.Attachment{ID: evil, MessageID: evil, Type: evil, Content: evil, Metadata: raw})
			require.NoError(t, err)
			require.Equal(t, evil, a.Content)
			found, err := p.Attachments(ctx, evil, evil)
			require.NoError(t, err)
			require.Equal(t, []presenter.Attachment{a}, found)
			require.NoError(t, p.SetAppSetting(ctx, evil, evil))
			var back string
			require.NoError(t, p.AppSetting(ctx, evil, &back))
			require.Equal(t, evil, back)
			_, err = p.PutACPSession(ctx, presenter.ACPSession{ConversationID: evil, AgentID: evil, SessionID: evil, Workdir: evil})
			require.NoError(t, err)
			_, _, err = p.Search(ctx, evil, presenter.SearchOptions{ConversationID: evil, Prefix: true, Best: true})
			require.NoError(t, err)
			_, err = p.ForkConversation(ctx, evil, presenter.Fork{UpTo: evil, Title: evil})
			require.NoError(t, err)
			require.NoError(t, p.Export(ctx, &strings.Builder{}, evil, presenter.Markdown))
			id, err := p.Begin(ctx, presenter.BeginOptions{ID: evil})
			require.NoError(t, err)
			require.NoError(t, p.Rollback(ctx, id))
		}
		require.Equal(t, [5]int64{16, 16, 16, 8, 8}, contents(t, pool))
	})
}

// Values do not get into error texts by way of what PostgreSQL says about them.
func TestErrorsKeepValues(t *testing.T) {
	t.Parallel()
	p := present(t, databases[0].open(t, nil), presenter.Config{})
	create(t, p, "a")
	_, err := p.InsertMessage(context.Background(), presenter.NewMessage{
		ID: "1", ConversationID: "a", Role: presenter.User, Status: "secret status", Content: "secret content",
	})
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, "messages_status_check", pg.ConstraintName)
	require.NotContains(t, err.Error(), "secret")
}
