package dump

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/calfdb/calf/pglite/internal/sqltext"
)

// A setting is what a role, a database, or a role in a database sets.
type setting struct {
	Role, Database string
	Settings       []string // name=value
}

// write writes the statements that set it.
func (s *setting) write(out *bufio.Writer) {
	for _, set := range s.Settings {
		name, value, ok := strings.Cut(set, "=")
		if !ok {
			continue
		}
		object := ""
		switch {
		case s.Role != "" && s.Database != "":
			object = "ROLE " + sqltext.Name(s.Role) + " IN DATABASE " + sqltext.Name(s.Database)
		case s.Role != "":
			object = "ROLE " + sqltext.Name(s.Role)
		default:
			object = "DATABASE " + sqltext.Name(s.Database)
		}
		fmt.Fprintf(out, "ALTER %s SET %s TO %s;\n", object, settingName(name), settingValue(name, value))
	}
}

// settingName quotes the name of a parameter, which may have a prefix.
func settingName(name string) string {
	parts := strings.Split(name, ".")
	for i := range parts {
		parts[i] = sqltext.Name(parts[i])
	}
	return strings.Join(parts, ".")
}

// quotedLists are the parameters that are lists of names, each of which may be
// in double quotes (GUC_LIST_QUOTE).
var quotedLists = []string{
	"local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries",
	"temp_tablespaces", "unix_socket_directories",
}

// settingValue writes the value of a parameter as SET takes it.
func settingValue(name, value string) string {
	if !slices.Contains(quotedLists, strings.ToLower(name)) {
		return sqltext.Literal(value)
	}
	var items []string
	for rest := value; ; {
		var item string
		item, rest = cutItem(strings.TrimLeft(rest, " \t\n"))
		items = append(items, sqltext.Literal(item))
		rest = strings.TrimLeft(rest, " \t\n")
		if !strings.HasPrefix(rest, ",") {
			break
		}
		rest = rest[1:]
	}
	return strings.Join(items, ", ")
}

// cutItem takes a name from the start of a list.
func cutItem(list string) (item, rest string) {
	if !strings.HasPrefix(list, `"`) {
		i := strings.IndexAny(list, ", \t\n")
		if i < 0 {
			i = len(list)
		}
		return list[:i], list[i:]
	}
	var b strings.Builder
	for i := 1; i < len(list); i++ {
		if list[i] == '"' {
			if i+1 == len(list) || list[i+1] != '"' {
				return b.String(), list[i+1:]
			}
			i++
		}
		b.WriteByte(list[i])
	}
	return b.String(), ""
}
