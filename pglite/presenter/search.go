package presenter

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// SearchedCharacters is how many characters of a message Search looks at. More
// could exceed the megabyte that PostgreSQL allows for the words of a text; a
// longer message is stored, and found by its beginning.
const SearchedCharacters = 100_000

// Ranked is how many hits SearchOptions.Best chooses from.
const Ranked = 200

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
	// Snippet is the text around what was found, or the title.
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
		"words": words, "conversation": o.ConversationID, "limit": n + 1, "at": p[0], "kind": p[1], "id": p[2],
	}
	list, err := query(ctx, c.runner, op, "", func(row pgx.CollectableRow) (p placed[SearchHit], err error) {
		h := &p.value
		var snippet string
		err = row.Scan(&p.place[0], &p.place[1], &p.place[2], &h.ConversationID, &h.Title, &h.MessageID, &h.Role, &h.Rank, &snippet)
		h.At, h.Snippet = fromMillis(p.place[0]), parseSnippet(snippet)
		return p, err
	}, c.searchSQL(o, ok), args)
	if err != nil {
		return nil, "", err
	}
	hits, more := next(list, n)
	if o.Best {
		more = ""
	}
	return hits, more, nil
}

// vector is the expression that an index of a language is of, and Search must
// use literally. The language has been checked to be a plain name.
func (r runner) vector(column string) string {
	return fmt.Sprintf("to_tsvector('%s'::regconfig, left(%s, %d))", r.cfg.Language, column, SearchedCharacters)
}

// searchSQL finds in both tables, takes the newest, and makes snippets of those
// only. Hits are sorted by time, then titles, then id. Conversations are joined
// after that: a planner that does not know the words may otherwise begin with
// them, and read all messages of each.
func (c chat) searchSQL(o SearchOptions, after bool) string {
	q := fmt.Sprintf("websearch_to_tsquery('%s'::regconfig, @words)", c.cfg.Language)
	if o.Prefix {
		q = fmt.Sprintf("(CASE numnode(%[1]s) WHEN 0 THEN %[1]s ELSE (%[1]s::text || ':*')::tsquery END)", q)
	}
	rank, most, order := "0::real", "@limit", "at DESC, kind DESC, id DESC"
	if o.Best {
		rank, most, order = "ts_rank_cd("+c.vector("content")+", "+q+")", fmt.Sprint(Ranked), "rank DESC, "+order
	}
	// found is what is found in one table.
	found := func(columns, from, at, kind, conversation, text string) string {
		where := c.vector(text) + " @@ " + q
		if o.ConversationID != "" {
			where += " AND " + conversation + " = @conversation"
		}
		if after {
			where += fmt.Sprintf(" AND (%s, %s::bigint, id) < (@at, @kind, @id)", at, kind)
		}
		return fmt.Sprintf("(SELECT %s AS at, %s::bigint AS kind, id, %s FROM %s WHERE %s ORDER BY 1 DESC, 3 DESC LIMIT %s)",
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
SELECT at, kind, best.id, conversation_id, c.title, msg_id, role, rank,
	ts_headline('%[1]s'::regconfig, translate(left(content, %[2]d), chr(2) || chr(3), ''), %[3]s,
		CASE kind WHEN 1 THEN 'HighlightAll=true' ELSE 'MaxFragments=2, MinWords=5, MaxWords=20, FragmentDelimiter=" … "' END
		|| ', StartSel=' || chr(2) || ', StopSel=' || chr(3))
FROM (
	SELECT *, %[4]s AS rank FROM (
		SELECT * FROM (
			%[5]s
		) AS found ORDER BY at DESC, kind DESC, id DESC LIMIT %[6]s
	) AS newest ORDER BY %[7]s LIMIT @limit
) AS best JOIN conversations c ON c.conv_id = conversation_id ORDER BY %[8]s`,
		c.cfg.Language, SearchedCharacters, q, rank, strings.Join(tables, "\n\t\t\tUNION ALL\n\t\t\t"), most, order, strings.ReplaceAll(order, " id ", " best.id "))
}
