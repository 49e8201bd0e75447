package driver

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/calfdb/calf/pglite"
)

// A source is what a data source name says.
type source struct {
	dir            string // absolute, or pglite.Memory
	user, database string // empty for those of the database
	durability     pglite.Durability
	session        map[string]string
}

var durabilities = map[string]pglite.Durability{
	"": pglite.Full, "full": pglite.Full, "relaxed": pglite.Relaxed, "none": pglite.None,
}

func parse(name string) (source, error) {
	s := source{session: map[string]string{}}
	dir, query, _ := strings.Cut(name, "?")
	if dir == "" || strings.Contains(dir, "://") && dir != pglite.Memory {
		return s, fmt.Errorf("calf: data source name %q is neither a directory nor %s", name, pglite.Memory)
	}
	s.dir = dir
	if dir != pglite.Memory {
		abs, err := filepath.Abs(strings.NewReplacer("%3F", "?", "%3f", "?", "%25", "%").Replace(dir))
		if err != nil {
			return s, fmt.Errorf("calf: data source name %q: %w", name, err)
		}
		s.dir = abs
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return s, fmt.Errorf("calf: data source name %q: %w", name, err)
	}
	for key, list := range values {
		if len(list) > 1 {
			return s, fmt.Errorf("calf: data source name %q says %s more than once", name, key)
		}
		switch value := list[0]; key {
		case "user":
			s.user = value
		case "database":
			s.database = value
		case "durability":
			d, ok := durabilities[value]
			if !ok {
				return s, fmt.Errorf("calf: data source name %q: durability must be full, relaxed or none, not %q", name, value)
			}
			s.durability = d
		default:
			s.session[key] = value
		}
	}
	return s, nil
}
