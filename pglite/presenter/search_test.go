package presenter_test

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

func hitNames(hits []presenter.SearchHit) []string {
	return ids(hits, func(h presenter.SearchHit) string {
		if h.MessageID == "" {
			return "title " + h.ConversationID
		}
		return h.MessageID
	})
}

func TestSearch(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		_, err := p.InsertConversations(ctx, []presenter.NewConversation{
			{ID: "a", Title: "The red planet", CreatedAt: at(0), UpdatedAt: at(50)},
			{ID: "b", Title: "Cooking", CreatedAt: at(0), UpdatedAt: at(60)},
		})
		require.NoError(t, err)
		_, err = p.InsertMessages(ctx, []presenter.NewMessage{
			{ID: "1", ConversationID: "a", Role: presenter.User, Content: "Why is Mars <b>red</b>? Planets differ.", CreatedAt: at(1)},
			{ID: "2", ConversationID: "a", Role: presenter.Assistant, Content: "Iron rusts: a planet of rust.", CreatedAt: at(2)},
			{ID: "3", ConversationID: "b", Role: presenter.User, Content: "Red peppers, red onions, red wine & a planet-sized pot", CreatedAt: at(3)},
			{ID: "4", ConversationID: "b", Role: presenter.User, Content: "Nothing of the sort \x02here\x03: sauce", CreatedAt: at(4)},
		})
		require.NoError(t, err)
		tests := map[string]struct {
			words   string
			options presenter.SearchOptions
			want    []string
		}{
			"forms of a word":      {"planets", presenter.SearchOptions{}, []string{"title a", "3", "2", "1"}},
			"all words":            {"planet rust", presenter.SearchOptions{}, []string{"2"}},
			"a phrase":             {`"red wine"`, presenter.SearchOptions{}, []string{"3"}},
			"one or the other":     {"sauce or cooking", presenter.SearchOptions{}, []string{"title b", "4"}},
			"without":              {"red -wine", presenter.SearchOptions{}, []string{"title a", "1"}},
			"in a conversation":    {"planet", presenter.SearchOptions{ConversationID: "b"}, []string{"3"}},
			"titles":               {"planet", presenter.SearchOptions{TitlesOnly: true}, []string{"title a"}},
			"messages":             {"planet", presenter.SearchOptions{MessagesOnly: true}, []string{"3", "2", "1"}},
			"best":                 {"red", presenter.SearchOptions{Best: true, Limit: 1}, []string{"3"}},
			"the beginning":        {"pepp", presenter.SearchOptions{Prefix: true}, []string{"3"}},
			"no beginning":         {"pepp", presenter.SearchOptions{}, []string{}},
			"nothing":              {"", presenter.SearchOptions{Prefix: true}, []string{}},
			"ignored words":        {"the of", presenter.SearchOptions{Prefix: true}, []string{}},
			"SQL":                  {"'); DROP TABLE messages; --", presenter.SearchOptions{Prefix: true}, []string{}},
			"operators of tsquery": {"!& ( :* <-> |", presenter.SearchOptions{Prefix: true}, []string{}},
		}
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				hits, more, err := p.Search(ctx, test.words, test.options)
				require.NoError(t, err)
				require.Equal(t, test.want, hitNames(hits))
				require.Empty(t, more)
			})
		}

		hits, more, err := p.Search(ctx, "planet", presenter.SearchOptions{Limit: 3})
		require.NoError(t, err)
		require.Equal(t, []string{"title a", "3", "2"}, hitNames(hits))
		require.Equal(t, "The red planet", hits[2].Title)
		require.Equal(t, presenter.Assistant, hits[2].Role)
		require.Equal(t, at(2), hits[2].At)
		require.Equal(t, "Iron rusts: a [planet] of rust.", hits[2].Snippet.Mark("[", "]", nil))
		require.Equal(t, "The red [planet]", hits[0].Snippet.Mark("[", "]", nil))
		require.Contains(t, hits[1].Snippet.Mark("<em>", "</em>", html.EscapeString), "wine &amp; a")
		hits, more, err = p.Search(ctx, "planet", presenter.SearchOptions{Limit: 3, After: more})
		require.NoError(t, err)
		require.Equal(t, []string{"1"}, hitNames(hits))
		require.Empty(t, more)

		// A text cannot pretend to be a highlight.
		hits, _, err = p.Search(ctx, "sauce", presenter.SearchOptions{})
		require.NoError(t, err)
		require.Len(t, hits[0].Snippet.Highlights, 1)
		require.Equal(t, "Nothing of the sort here: [sauce]", hits[0].Snippet.Mark("[", "]", nil))

		_, _, err = p.Search(ctx, "a\x00b", presenter.SearchOptions{})
		require.ErrorIs(t, err, presenter.ErrInvalid)
		_, _, err = p.Search(ctx, "planet", presenter.SearchOptions{Best: true, After: "MS4yLjM"})
		require.ErrorIs(t, err, presenter.ErrInvalid)
	})
}

// A message that is too long to be indexed whole is stored whole.
func TestSearchLongMessage(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		var words strings.Builder // three million different words, 10 MB of each as short as can be
		for i := 0; words.Len() < 10<<20; i++ {
			fmt.Fprintf(&words, "%x ", i)
		}
		say(t, p, "a", "1", "", "beginning "+words.String()+" ending")
		m, err := p.Message(ctx, "1")
		require.NoError(t, err)
		require.Equal(t, len("beginning  ending")+words.Len(), len(m.Content))
		hits, _, err := p.Search(ctx, "beginning", presenter.SearchOptions{})
		require.NoError(t, err)
		require.Len(t, hits, 1)
		hits, _, err = p.Search(ctx, "ending", presenter.SearchOptions{})
		require.NoError(t, err)
		require.Empty(t, hits, "Search looks at the first SearchedCharacters only")
	})
}

// What PostgreSQL makes the most of: short words of characters of three bytes.
func TestSearchDenseMessage(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		create(t, p, "a")
		var dense, links strings.Builder
		for i := range presenter.SearchedCharacters {
			dense.WriteRune(rune(0x4e00 + i%20000))
			dense.WriteByte(' ')
			fmt.Fprintf(&links, "%x-%x.com/%x/%x ", i, i+1, i, i)
		}
		say(t, p, "a", "1", "", dense.String())
		say(t, p, "a", "2", "", links.String())
	})
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, english *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		german := present(t, pool, presenter.Config{Language: "german"})
		simple := present(t, pool, presenter.Config{Language: "simple"})
		create(t, german, "a")
		say(t, german, "a", "1", "", "Die Häuser der Städte")
		for p, want := range map[*presenter.Presenter]int{german: 1, simple: 0, english: 0} {
			hits, _, err := p.Search(ctx, "Haus", presenter.SearchOptions{})
			require.NoError(t, err)
			require.Len(t, hits, want)
		}
		var indexes int
		require.NoError(t, pool.QueryRow(ctx, "SELECT count(*) FROM pg_indexes WHERE indexname LIKE '%_search_%'").Scan(&indexes))
		require.Equal(t, 6, indexes)
		for _, name := range []string{"klingon", "pg_catalog.english", "x'); DROP TABLE messages; --", "English"} {
			_, err := presenter.New(ctx, pool, presenter.Config{Language: name})
			require.ErrorContains(t, err, name)
		}
	})
}

// The index is used, also by a plan that was made without knowing the words,
// as PostgreSQL does from the sixth time on. Without it, a search reads every
// message.
func TestSearchUsesIndex(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			pool := d.open(t, func(cfg *pgxpool.Config) { cfg.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan" })
			searchesByIndex(t, present(t, pool, presenter.Config{}), pool)
		})
	}
}

func searchesByIndex(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
	t.Helper()
	ctx := context.Background()
	var conversations []presenter.NewConversation
	var messages []presenter.NewMessage
	for i := range 2000 {
		id := fmt.Sprint("c", i)
		conversations = append(conversations, presenter.NewConversation{ID: id})
		messages = append(messages, presenter.NewMessage{ConversationID: id, OrderSeq: 1, Role: presenter.User, Content: fmt.Sprintf("word%d of many", i)})
	}
	_, err := p.InsertConversations(ctx, conversations)
	require.NoError(t, err)
	_, err = p.InsertMessages(ctx, messages)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, "ANALYZE")
	require.NoError(t, err)
	hits, _, err := p.Search(ctx, "word77", presenter.SearchOptions{})
	require.NoError(t, err)
	require.Len(t, hits, 1)
	// A session tells its statistics when it is asked to, or later.
	require.Eventually(t, func() bool {
		var scans int64
		for _, c := range pool.AcquireAllIdle(ctx) {
			_, flushed := c.Exec(ctx, "SELECT pg_stat_force_next_flush()")
			err := c.QueryRow(ctx, "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'idx_messages_search_english'").Scan(&scans)
			c.Release()
			if flushed != nil || err != nil {
				return false
			}
		}
		return scans > 0
	}, time.Minute, 50*time.Millisecond)
}

// What Search finds does not depend on whether it is among the newest messages,
// where it looks first, nor on where lists are cut.
func TestSearchEverywhere(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		const messages, each = 5000, 20
		type text struct {
			name    string
			at      int64
			title   bool
			content string
		}
		var all []text
		require.NoError(t, p.BulkLoad(ctx, func(tx presenter.Tx) error {
			var conversations []presenter.NewConversation
			var list []presenter.NewMessage
			for i := range messages {
				conversation := fmt.Sprint("c", i/each)
				if i%each == 0 {
					// A third is updated long after its messages, a third with them, a third before all.
					updated := []int64{messages + int64(i), int64(i), 0}[i/each%3]
					conversations = append(conversations, presenter.NewConversation{ID: conversation, Title: "alpha", CreatedAt: at(0), UpdatedAt: at(updated)})
					all = append(all, text{"title " + conversation, updated, true, "alpha"})
				}
				content := "every"
				for word, has := range map[string]bool{
					" alpha": i%7 == 0, " beta": i%3 == 0, " early": i < 100, " late": i >= messages-100, " rare": i%1000 == 1, " both ends": i%1500 < 10,
				} {
					if has {
						content += word
					}
				}
				created := int64(i) / 2 // two at each time
				m := presenter.NewMessage{ID: fmt.Sprint("m", i), ConversationID: conversation, Role: presenter.User, OrderSeq: i%each + 1, Content: content, CreatedAt: at(created)}
				list, all = append(list, m), append(all, text{m.ID, created, false, content})
			}
			if _, err := tx.InsertConversations(ctx, conversations); err != nil {
				return err
			}
			_, err := tx.InsertMessages(ctx, list)
			return err
		}))
		// The newest first, titles before messages, and the last that was made.
		slices.Reverse(all)
		slices.SortStableFunc(all, func(a, b text) int {
			if order := cmp.Compare(b.at, a.at); order != 0 {
				return order
			}
			return number(b.title) - number(a.title)
		})
		for _, words := range []string{"alpha", "alpha beta", "early", "late", "rare", `"both ends"`, "rare or early", "every -beta -alpha", "nothing"} {
			for options, limit := range map[presenter.SearchOptions]int{
				{}: 50, {Limit: 1000}: 1000, {MessagesOnly: true, Limit: 300}: 300, {TitlesOnly: true, Limit: 100}: 100,
			} {
				var want, got []string
				for _, x := range all {
					if matches(x.content, words) && (x.title || !options.TitlesOnly) && (!x.title || !options.MessagesOnly) {
						want = append(want, x.name)
					}
				}
				for {
					hits, more, err := p.Search(ctx, words, options)
					require.NoError(t, err)
					require.LessOrEqual(t, len(hits), limit)
					got = append(got, hitNames(hits)...)
					if options.After = more; more == "" {
						break
					}
				}
				require.Equal(t, want, got, "%s with %+v", words, options)
			}
		}
		best, _, err := p.Search(ctx, "alpha", presenter.SearchOptions{Best: true, Limit: presenter.Ranked})
		require.NoError(t, err)
		newest, _, err := p.Search(ctx, "alpha", presenter.SearchOptions{Limit: presenter.Ranked})
		require.NoError(t, err)
		require.ElementsMatch(t, hitNames(newest), hitNames(best), "the best are those of the newest")
	})
}

// matches is what the words of TestSearchEverywhere mean.
func matches(content, words string) bool {
	has := func(word string) bool { return strings.Contains(" "+content+" ", " "+word+" ") }
	switch words {
	case "alpha beta":
		return has("alpha") && has("beta")
	case `"both ends"`:
		return has("both ends")
	case "rare or early":
		return has("rare") || has("early")
	case "every -beta -alpha":
		return has("every") && !has("beta") && !has("alpha")
	}
	return has(words)
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
