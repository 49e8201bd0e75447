package presenter_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// model is what a presenter should hold, in the plainest form.
type model struct {
	conversations map[string]conversation
	messages      map[string]presenter.Message
	n             int // what has been made, in order
	made          map[string]int
}

type conversation struct {
	title    string
	pinned   bool
	updated  int64
	position int
}

func newModel() *model {
	return &model{conversations: map[string]conversation{}, messages: map[string]presenter.Message{}, made: map[string]int{}}
}

func (m *model) clone() *model {
	return &model{maps.Clone(m.conversations), maps.Clone(m.messages), m.n, maps.Clone(m.made)}
}

// list returns the ids of the conversations as ListConversations should.
func (m *model) list() []string {
	return slices.SortedFunc(maps.Keys(m.conversations), func(a, b string) int {
		x, y := m.conversations[a], m.conversations[b]
		switch {
		case x.pinned != y.pinned:
			return map[bool]int{true: -1, false: 1}[x.pinned]
		case x.updated != y.updated:
			return int(y.updated - x.updated)
		}
		return y.position - x.position
	})
}

// inOrder returns the messages of a conversation as ListMessages should.
func (m *model) inOrder(id string) []presenter.Message {
	list := []presenter.Message{}
	for _, message := range m.messages {
		if message.ConversationID == id {
			list = append(list, message)
		}
	}
	slices.SortFunc(list, func(a, b presenter.Message) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		if a.OrderSeq != b.OrderSeq {
			return a.OrderSeq - b.OrderSeq
		}
		return m.made[a.ID] - m.made[b.ID]
	})
	return list
}

func (m *model) maxOrder(id string) (n int) {
	for _, message := range m.inOrder(id) {
		n = max(n, message.OrderSeq)
	}
	return n
}

func (m *model) deleteMessage(id string) {
	delete(m.messages, id)
	for child, message := range m.messages {
		if message.ParentID == id {
			message.ParentID = ""
			m.messages[child] = message
		}
	}
}

// descends reports whether a message comes after another, or is it.
func (m *model) descends(id, from string) bool {
	for ; id != ""; id = m.messages[id].ParentID {
		if id == from {
			return true
		}
	}
	return false
}

// operations is what the presenter and its transactions do.
type operations interface {
	CreateConversation(context.Context, presenter.NewConversation) (presenter.Conversation, error)
	UpdateConversation(context.Context, string, presenter.ConversationUpdate) error
	PinConversation(context.Context, string, bool) error
	DeleteConversation(context.Context, string) error
	InsertMessage(context.Context, presenter.NewMessage) (presenter.Message, error)
	UpdateMessage(context.Context, string, presenter.MessageUpdate) error
	UpdateMessageParent(context.Context, string, string) error
	DeleteMessage(context.Context, string) error
	DeleteMessages(context.Context, string) (int64, error)
	WithTx(context.Context, func(presenter.Tx) error) error
}

var errRollback = errors.New("rolled back on purpose")

// step does something random to both, and says what and how it ended.
func (m *model) step(ctx context.Context, r *rand.Rand, p operations, depth int) (what string, got, want error) {
	conv, other := fmt.Sprint("c", r.IntN(6)), fmt.Sprint("m", r.IntN(30))
	id := fmt.Sprint("m", r.IntN(30))
	c, hasConv := m.conversations[conv]
	message, hasMessage := m.messages[id]
	unless := func(ok bool, err error) error {
		if ok {
			return nil
		}
		return err
	}
	switch n := r.IntN(20); {
	case n < 3:
		want = unless(!hasConv, presenter.ErrExists)
		updated := r.Int64N(4)
		_, got = p.CreateConversation(ctx, presenter.NewConversation{ID: conv, Title: conv, CreatedAt: at(updated)})
		if want == nil {
			m.n++
			m.conversations[conv] = conversation{title: conv, updated: updated, position: m.n}
		}
		return "create " + conv, got, want
	case n < 4:
		want = unless(hasConv, presenter.ErrNotFound)
		title := fmt.Sprint("title ", r.IntN(100))
		c.title, c.updated = title, r.Int64N(8)
		got = p.UpdateConversation(ctx, conv, presenter.ConversationUpdate{Title: &title, UpdatedAt: at(c.updated)})
		if want == nil {
			m.conversations[conv] = c
		}
		return "update " + conv, got, want
	case n < 5:
		want = unless(hasConv, presenter.ErrNotFound)
		c.pinned = !c.pinned
		got = p.PinConversation(ctx, conv, c.pinned)
		if want == nil {
			m.conversations[conv] = c
		}
		return "pin " + conv, got, want
	case n < 6:
		want = unless(hasConv, presenter.ErrNotFound)
		got = p.DeleteConversation(ctx, conv)
		delete(m.conversations, conv)
		maps.DeleteFunc(m.messages, func(_ string, message presenter.Message) bool { return message.ConversationID == conv })
		return "delete " + conv, got, want
	case n < 13:
		parent := ""
		if r.IntN(2) == 0 {
			parent = other
		}
		created, seq := at(r.Int64N(3)), r.IntN(3)
		_, got = p.InsertMessage(ctx, presenter.NewMessage{
			ID: id, ConversationID: conv, ParentID: parent, Role: presenter.User, Content: id, CreatedAt: created, OrderSeq: seq, Status: presenter.Sent,
		})
		switch {
		case parent == id && (seq != 0 || hasConv):
			want = presenter.ErrInvalid
		case !hasConv && seq == 0:
			want = presenter.ErrReference
		case hasMessage:
			want = presenter.ErrExists
		case !hasConv, parent != "" && m.messages[parent].ConversationID != conv:
			want = presenter.ErrReference
		default:
			if seq == 0 {
				seq = m.maxOrder(conv) + 1
			}
			m.n++
			m.made[id] = m.n
			m.messages[id] = presenter.Message{
				ID: id, ConversationID: conv, ParentID: parent, Role: presenter.User, Content: id, CreatedAt: created, OrderSeq: seq,
				Status: presenter.Sent, Metadata: []byte("{}"),
			}
		}
		return fmt.Sprintf("insert %s in %s under %q with %d", id, conv, parent, seq), got, want
	case n < 15:
		want = unless(hasMessage, presenter.ErrNotFound)
		message.Content, message.TokenCount = fmt.Sprint("content ", r.IntN(100)), r.IntN(100)
		got = p.UpdateMessage(ctx, id, presenter.MessageUpdate{Content: &message.Content, TokenCount: &message.TokenCount})
		if want == nil {
			m.messages[id] = message
		}
		return "update " + id, got, want
	case n < 16:
		parent, hasParent := m.messages[other]
		got = p.UpdateMessageParent(ctx, id, other)
		switch {
		case !hasMessage:
			want = presenter.ErrNotFound
		case hasParent && m.descends(other, id):
			want = presenter.ErrInvalid
		case !hasParent || parent.ConversationID != message.ConversationID:
			want = presenter.ErrReference
		default:
			message.ParentID = other
			m.messages[id] = message
		}
		return "move " + id + " under " + other, got, want
	case n < 17:
		want = unless(hasMessage, presenter.ErrNotFound)
		got = p.DeleteMessage(ctx, id)
		m.deleteMessage(id)
		return "delete " + id, got, want
	case n < 18 && r.IntN(3) == 0:
		_, got = p.DeleteMessages(ctx, conv)
		maps.DeleteFunc(m.messages, func(_ string, message presenter.Message) bool { return message.ConversationID == conv })
		return "empty " + conv, got, nil
	case depth < 3:
		// A transaction of some steps, each in a savepoint, since those that fail spoil it.
		before, undo := m.clone(), r.IntN(2) == 0
		got = p.WithTx(ctx, func(tx presenter.Tx) error {
			for range r.IntN(4) {
				what += "; "
				var stepWant error
				var stepWhat string
				err := tx.WithTx(ctx, func(tx presenter.Tx) (err error) {
					stepWhat, err, stepWant = m.step(ctx, r, tx, depth+1)
					return err
				})
				what += stepWhat
				if !errors.Is(err, stepWant) {
					return fmt.Errorf("%s: %w, want %v", stepWhat, err, stepWant)
				}
			}
			if undo {
				return errRollback
			}
			return nil
		})
		if undo {
			position := m.n // identity columns do not go back
			*m = *before
			m.n = position
			return "transaction, undone " + what, got, errRollback
		}
		return "transaction " + what, got, nil
	}
	return "nothing", nil, nil
}

// Whatever is done, in whatever order, a presenter holds what a few maps would.
func TestModel(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r, m := rand.New(rand.NewPCG(seed, 0)), newModel()
		for i := range 300 {
			what, got, want := m.step(ctx, r, p, 0)
			require.ErrorIs(t, got, want, "step %d: %s", i, what)
			if want == nil {
				require.NoError(t, got, "step %d: %s", i, what)
			}
			if i%20 == 19 {
				m.compare(ctx, t, p)
			}
		}
	})
}

// compare requires a presenter to hold what the model does.
func (m *model) compare(ctx context.Context, t *testing.T, p *presenter.Presenter) {
	t.Helper()
	list, more, err := p.ListConversations(ctx, presenter.ConversationList{PinnedFirst: true})
	require.NoError(t, err)
	require.Empty(t, more)
	require.Equal(t, append([]string{}, m.list()...), ids(list, conversationID))
	for _, c := range list {
		want := m.conversations[c.ID]
		require.Equal(t, want, conversation{c.Title, c.IsPinned, c.UpdatedAt.UnixMilli() - at(0).UnixMilli(), want.position})
		messages, _, err := p.ListMessages(ctx, c.ID, presenter.MessageList{})
		require.NoError(t, err)
		require.Equal(t, m.inOrder(c.ID), messages)
		last, err := p.MaxOrderSeq(ctx, c.ID)
		require.NoError(t, err)
		require.Equal(t, m.maxOrder(c.ID), last)
	}
}
