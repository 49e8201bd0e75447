package presenter

import (
	"encoding/base64"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// A Cursor is a place in a list, after the last thing that was read; "" is the
// beginning, or, as what comes next, the end. It stays valid while the list
// changes: nothing is skipped or repeated unless it moved. Its content is for
// the method that made it.
type Cursor string

// place is what the lists of this package are sorted by, one after the other.
type place [3]int64

func (p place) cursor() Cursor {
	return Cursor(base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%d.%d", p[0], p[1], p[2])))
}

// place reads a cursor; ok is false at the beginning.
func (c Cursor) place(op string) (p place, ok bool, err error) {
	if c == "" {
		return p, false, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(string(c))
	if err == nil {
		var n int
		if n, err = fmt.Sscanf(string(text), "%d.%d.%d", &p[0], &p[1], &p[2]); err == nil && n == len(p) && p.cursor() == c {
			return p, true, nil
		}
	}
	return p, false, refuse(op, "", invalidParameter, "%q is no cursor", shorten(string(c)))
}

// placed is something with its place in a list.
type placed[T any] struct {
	value T
	place place
}

// next returns the things of a list that was read with one more than wanted,
// and where it goes on.
func next[T any](list []placed[T], limit int) ([]T, Cursor) {
	var more Cursor
	if len(list) > limit {
		list = list[:limit]
		more = list[limit-1].place.cursor()
	}
	values := make([]T, len(list))
	for i, p := range list {
		values[i] = p.value
	}
	return values, more
}

func scanInt(row pgx.CollectableRow) (int64, error) { return pgx.RowTo[int64](row) }
