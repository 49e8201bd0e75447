package presenter_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

const (
	manyConversations = 10_000
	messagesEach      = 10
)

// words are what the messages of benchmarks are made of.
var words = []string{
	"planet", "orbit", "rust", "iron", "telescope", "comet", "gravity", "dust", "ice", "ocean", "river", "mountain", "valley", "storm", "cloud", "winter",
}

// load loads the conversations and messages, a thousand conversations at a time.
func load(tb testing.TB, p interface {
	InsertConversations(context.Context, []presenter.NewConversation) ([]string, error)
	InsertMessages(context.Context, []presenter.NewMessage) ([]string, error)
}) {
	tb.Helper()
	const batch = 1000
	ctx, serial := context.Background(), 0
	for from := 0; from < manyConversations; from += batch {
		conversations := make([]presenter.NewConversation, batch)
		messages := make([]presenter.NewMessage, 0, batch*messagesEach)
		for i := range batch {
			n := from + i
			id := fmt.Sprintf("conversation-%05d", n)
			conversations[i] = presenter.NewConversation{ID: id, Title: fmt.Sprintf("About %s %d", words[n%len(words)], n), CreatedAt: at(int64(n)), IsPinned: n%1000 == 0}
			parent := ""
			for j := range messagesEach {
				role := presenter.User
				if j%2 == 1 {
					role = presenter.Assistant
				}
				m := presenter.NewMessage{
					ID: fmt.Sprintf("message-%05d-%d", n, j), ConversationID: id, ParentID: parent, Role: role, OrderSeq: j + 1, Status: presenter.Sent,
					CreatedAt: at(int64(n + j)), TokenCount: 20,
					Content: fmt.Sprintf("Message %d of conversation %d asks about the %s, the %s and a %s near topic%d",
						j, n, words[serial%len(words)], words[serial/7%len(words)], words[serial/31%len(words)], serial%500),
				}
				messages, parent, serial = append(messages, m), m.ID, serial+1
			}
		}
		_, err := p.InsertConversations(ctx, conversations)
		require.NoError(tb, err)
		_, err = p.InsertMessages(ctx, messages)
		require.NoError(tb, err)
	}
}

// loadInBulk is load within BulkLoad.
func loadInBulk(tb testing.TB, p *presenter.Presenter) {
	tb.Helper()
	require.NoError(tb, p.BulkLoad(context.Background(), func(tx presenter.Tx) error { load(tb, tx); return nil }))
}

// indexing adds up how long indexes for Search took.
type indexing struct {
	slog.Handler
	took *time.Duration
}

func (i indexing) Handle(_ context.Context, r slog.Record) error {
	made := false
	r.Attrs(func(a slog.Attr) bool {
		made = made || a.Key == "sql" && strings.Contains(a.Value.String(), "CREATE INDEX idx_messages_search_")
		if made && a.Key == "took" {
			*i.took += a.Value.Duration()
		}
		return true
	})
	return nil
}

func (indexing) Enabled(context.Context, slog.Level) bool { return true }

// BenchmarkLoad loads 10 000 conversations and 100 000 messages: in bulk, and
// with all indexes in place, that of the search included. Bulk loads tell after
// how much of the time messages can be read, which is before they can be
// searched quickly.
func BenchmarkLoad(b *testing.B) {
	for _, d := range databases {
		for _, way := range []struct {
			name string
			load func(testing.TB, *presenter.Presenter)
		}{
			{"bulk", loadInBulk},
			{"indexed", func(tb testing.TB, p *presenter.Presenter) { load(tb, p) }},
		} {
			b.Run(d.name+"/"+way.name, func(b *testing.B) {
				var took time.Duration
				for b.Loop() {
					b.StopTimer()
					p := present(b, d.open(b, nil), presenter.Config{Logger: slog.New(indexing{took: &took})})
					took = 0
					b.StartTimer()
					start := time.Now()
					way.load(b, p)
					b.ReportMetric((time.Since(start) - took).Seconds(), "s-until-read")
				}
				b.ReportMetric(float64(manyConversations*messagesEach*b.N)/b.Elapsed().Seconds(), "messages/s")
			})
		}
	}
}

// BenchmarkRead reads from what BenchmarkLoad loads, after a vacuum, as
// autovacuum would do.
func BenchmarkRead(b *testing.B) {
	ctx := context.Background()
	for _, d := range databases {
		b.Run(d.name, func(b *testing.B) {
			pool := d.open(b, nil)
			p := present(b, pool, presenter.Config{})
			start := time.Now()
			loadInBulk(b, p)
			b.Logf("loaded in %v", time.Since(start))
			_, err := pool.Exec(ctx, "VACUUM ANALYZE")
			require.NoError(b, err)
			n := 0
			search := func(options presenter.SearchOptions, words func(int) string, want int) func() (int, error) {
				return func() (int, error) {
					n++
					hits, _, err := p.Search(ctx, words(n), options)
					return len(hits) - want, err
				}
			}
			for name, read := range map[string]func() (off int, _ error){
				"list50": func() (int, error) {
					list, _, err := p.ListConversations(ctx, presenter.ConversationList{PinnedFirst: true, Limit: 50})
					return len(list) - 50, err
				},
				"recent50": func() (int, error) { list, err := p.RecentConversations(ctx, 50); return len(list) - 50, err },
				"page50":   func() (int, error) { page, err := p.ConversationPage(ctx, 1, 50); return len(page.List) - 50, err },
				"messages": func() (int, error) {
					n++
					list, err := p.Messages(ctx, fmt.Sprintf("conversation-%05d", n*37%manyConversations))
					return len(list) - messagesEach, err
				},
				"search/rare":         search(presenter.SearchOptions{Limit: 20}, func(n int) string { return fmt.Sprint("topic", n%500) }, 20),
				"search/phrase":       search(presenter.SearchOptions{Limit: 20}, func(n int) string { return `"near topic` + fmt.Sprint(n%500) + `"` }, 20),
				"search/best":         search(presenter.SearchOptions{Limit: 20, Best: true}, func(n int) string { return fmt.Sprint("topic", n%500) }, 20),
				"search/common":       search(presenter.SearchOptions{Limit: 20}, func(n int) string { return words[n%len(words)] }, 20),
				"search/commonphrase": search(presenter.SearchOptions{Limit: 20}, func(n int) string { return fmt.Sprintf(`"message %d"`, n%messagesEach) }, 20),
				"search/commonbest":   search(presenter.SearchOptions{Limit: 20, Best: true}, func(n int) string { return words[n%len(words)] }, 20),
				"insert": func() (int, error) {
					n++
					_, err := p.InsertMessage(ctx, presenter.NewMessage{ConversationID: fmt.Sprintf("conversation-%05d", n*37%manyConversations), Role: presenter.Function, Content: "some words"})
					return 0, err
				},
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						off, err := read()
						require.NoError(b, err)
						if off != 0 && name != "messages" { // insert adds to some
							b.Fatalf("%d too many", off)
						}
					}
				})
			}
		})
	}
}
