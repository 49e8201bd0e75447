package presenter

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// SearchedCharacters is how many characters of a message Search looks at. More
// could exceed the megabyte that PostgreSQL allows for the words of a text; a
// longer message is stored, and found by its beginning.
const SearchedCharacters = 100_000

// Ranked is how many hits SearchOptions.Best chooses from, and so the most that
// it returns. Each has to be parsed.
const Ranked = 100

// wholeSnippet is up to how many characters a message is its own snippet: two
// lines. PostgreSQL would leave out the short words at the ends.
const wholeSnippet = 160

// SearchOptions say how to search. The zero value searches everything.
type SearchOptions struct {
	// ConversationID limits the search to a conversation.
	ConversationID string
	// TitlesOnly and MessagesOnly leave out the others.
	TitlesOnly, MessagesOnly bool
	// Prefix takes the last word for the beginning of one, for searching while
	// somebody types.
	Prefix bool
	// Best sorts by how well a text matches, and not by time: the best of the
	// newest Ranked hits. Such a list has no continuation.
	Best bool
	// After is where the last list ended; "" means the beginning.
	After Cursor
	// Limit is how many at most; 0 means DefaultPage, and the most is MaxPage.
	Limit int
}

// A SearchHit is a message or a title that was found.
type SearchHit struct {
	ConversationID string `json:"conversationId"`
	// Title is that of the conversation.
	Title string `json:"title"`
	// MessageID and Role are empty if the title was found.
	MessageID string `json:"messageId,omitempty"`
	Role      Role   `json:"role,omitempty"`
	// At is when the message was created, or the conversation updated.
	At time.Time `json:"at"`
	// Rank is how well the text matches, the more the better; 0 unless Best.
	Rank float32 `json:"rank,omitempty"`
	// Snippet is the text around what was found, or all of a short text, or the
	// title.
	Snippet Snippet `json:"snippet"`
}

// Search finds messages and titles that contain words, the newest first, and
// says where the list goes on, "" if it does not.
//
// The words are as in a web search: all must be there, "quoted ones" in a row,
// or separates alternatives, and - excludes. Words are compared in the forms
// that Config.Language gives them, and words that it ignores find nothing.
// Chinese and Japanese are not divided into words; PostgreSQL's parser takes
// what is between spaces for one.
func (c chat) Search(ctx context.Context, words string, o SearchOptions) ([]SearchHit, Cursor, error) {
	const op = "searching"
	n, err := limit(op, o.Limit)
	if err != nil {
		return nil, "", err
	}
	p, ok, err := o.After.place(op)
	if err != nil {
		return nil, "", err
	}
	if o.Best && ok {
		return nil, "", refuse(op, "", invalidParameter, "the best hits have no continuation")
	}
	if o.TitlesOnly && o.MessagesOnly {
		return nil, "", refuse(op, "", invalidParameter, "TitlesOnly and MessagesOnly leave out everything")
	}
	args := pgx.NamedArgs{
		"words": words, "conversation": o.ConversationID, "limit": n + 1, "at": int64(math.MaxInt64), "kind": p[1], "id": p[2],
	}
	most := n + 1
	if o.Best {
		most = Ranked
	}
	if ok {
		args["at"] = p[0]
	}
	// Words that are frequent are found among the newest, others anywhere.
	windows := []int{max(newest, 20*most), everything}
	if o.ConversationID != "" {
		windows = windows[1:]
	}
	var list []placed[SearchHit]
	for _, window := range windows {
		var among int
		list, err = query(ctx, c.runner, op, "", func(row pgx.CollectableRow) (p placed[SearchHit], err error) {
			h := &p.value
			var snippet string
			err = row.Scan(&p.place[0], &p.place[1], &p.place[2], &h.ConversationID, &h.Title, &h.MessageID, &h.Role, &h.Rank, &among, &snippet)
			h.At, h.Snippet = fromMillis(p.place[0]), parseSnippet(snippet)
			return p, err
		}, c.searchSQL(o, ok, most, window), args)
		if err != nil {
			return nil, "", err
		}
		if among >= most {
			break
		}
	}
	hits, more := next(list, n)
	if o.Best {
		more = ""
	}
	return hits, more, nil
}

// newest is how many messages, and how many conversations, Search looks at
// first. Reading their times from an index takes half a millisecond. A word
// that one in a hundred messages has fills a list of twenty there; of one that
// fewer have, everything is found quickly.
const newest = 2000

// everything is a window without a lower end.
const everything = 0

// vector is the expression that an index of a language is of, and Search must
// use literally. The language has been checked to be a plain name.
func (r runner) vector(column string) string {
	return fmt.Sprintf("to_tsvector('%s'::regconfig, left(%s, %d))", r.cfg.Language, column, SearchedCharacters)
}

// searchSQL finds in both tables, takes the newest, and makes snippets of those
// only. Hits are sorted by time, then titles, then id. Conversations are joined
// after that: a planner that does not know the words may otherwise begin with
// them, and read all messages of each.
//
// The planner is not to know the words, which are therefore the result of a
// subquery, nor that it could read in order, which is therefore by a sum. If it
// knows that a word is frequent, it reads messages in the order of their times
// and looks for the word in each, which takes it much longer than it thinks:
// parsing costs ten times what a sort does. So it intersects what the indexes of
// words and times say, and reads only what has both.
func (c chat) searchSQL(o SearchOptions, after bool, most, window int) string {
	q := fmt.Sprintf("(SELECT websearch_to_tsquery('%s'::regconfig, @words))", c.cfg.Language)
	if o.Prefix {
		q = fmt.Sprintf("(SELECT CASE numnode(q) WHEN 0 THEN q ELSE (q::text || ':*')::tsquery END FROM websearch_to_tsquery('%s'::regconfig, @words) AS q)", c.cfg.Language)
	}
	rank, order := "0::real", "at DESC, kind DESC, id DESC"
	if o.Best {
		rank, order = "ts_rank_cd("+c.vector("content")+", "+q+")", "rank DESC, "+order
	}
	var ends []string // where the window ends, in each table
	for _, table := range []struct {
		name, at string
		searched bool
	}{{"messages", "created_at", !o.TitlesOnly}, {"conversations", "updated_at", !o.MessagesOnly}} {
		if window != everything && table.searched {
			ends = append(ends, fmt.Sprintf("(SELECT %[1]s FROM %[2]s WHERE %[1]s <= @at ORDER BY %[1]s DESC OFFSET %[3]d LIMIT 1)", table.at, table.name, window))
		}
	}
	// found is what is found in one table.
	found := func(columns, from, at, kind, conversation, text string) string {
		where := c.vector(text) + " @@ " + q
		if ends != nil {
			// A range of which the planner does not know the ends is small to it.
			where += fmt.Sprintf(" AND %[1]s <= @at AND %[1]s >= (SELECT coalesce(greatest(%[2]s), %[3]d))", at, strings.Join(ends, ", "), math.MinInt64)
		}
		if o.ConversationID != "" {
			where += " AND " + conversation + " = @conversation"
		}
		if after {
			where += fmt.Sprintf(" AND (%s, %s::bigint, id) < (@at, @kind, @id)", at, kind)
		}
		return fmt.Sprintf("(SELECT %s + 0 AS at, %s::bigint AS kind, id, %s FROM %s WHERE %s ORDER BY 1 DESC, 3 DESC LIMIT %d)",
			at, kind, columns, from, where, most)
	}
	var tables []string
	if !o.TitlesOnly {
		tables = append(tables, found("conversation_id, msg_id, role, content", "messages", "created_at", "0", "conversation_id", "content"))
	}
	if !o.MessagesOnly {
		tables = append(tables, found("conv_id AS conversation_id, '' AS msg_id, '' AS role, title AS content", "conversations", "updated_at", "1", "conv_id", "title"))
	}
	return fmt.Sprintf(`
SELECT at, kind, best.id, conversation_id, c.title, msg_id, role, rank, among,
	ts_headline('%[1]s'::regconfig, translate(left(content, %[2]d), chr(2) || chr(3), ''), %[3]s,
		CASE WHEN kind = 1 OR length(content) <= %[9]d THEN 'HighlightAll=true' ELSE 'MaxFragments=2, MinWords=5, MaxWords=20, FragmentDelimiter=" … "' END
		|| ', StartSel=' || chr(2) || ', StopSel=' || chr(3))
FROM (
	SELECT *, %[4]s AS rank, count(*) OVER () AS among FROM (
		SELECT * FROM (
			%[5]s
		) AS found ORDER BY at DESC, kind DESC, id DESC LIMIT %[6]d
	) AS newest ORDER BY %[7]s LIMIT @limit
) AS best JOIN conversations c ON c.conv_id = conversation_id ORDER BY %[8]s`,
		c.cfg.Language, SearchedCharacters, q, rank, strings.Join(tables, "\n\t\t\tUNION ALL\n\t\t\t"), most, order, strings.ReplaceAll(order, " id ", " best.id "), wholeSnippet)
}
