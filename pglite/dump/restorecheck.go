package dump

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/calfdb/calf/internal/pgarchive"
	"github.com/calfdb/calf/internal/sqlscript"
	"github.com/calfdb/calf/pglite/internal/sqltext"
)

// needs are what a dump needs to be there.
type needs struct{ extensions, roles []string }

// needsOfScript returns what the beginning of a script shows of its needs.
// pg_dump creates extensions before everything that has data.
func needsOfScript(start []byte) (n needs) {
	sc := sqlscript.NewScanner(bytes.NewReader(start))
	made := map[string]bool{}
	for {
		p, err := sc.Next()
		if err != nil {
			break
		}
		sql := p.SQL
		if p.CopyIn {
			if _, err := io.Copy(io.Discard, sc.Data(false)); err != nil {
				break
			}
		}
		if len(sql) > maxDefinition || !strings.HasSuffix(sql, ";") { // cut off, perhaps
			continue
		}
		switch {
		case isWord(sql, "create"):
			if m := createExtension.FindStringSubmatch(sql); m != nil {
				n.extensions = append(n.extensions, sqltext.Unquote(m[1]))
			} else if m := createRole.FindStringSubmatch(sql); m != nil {
				made[sqltext.Unquote(m[1])] = true
			}
		case isWord(sql, "alter"):
			if m := sqltext.OwnerStatement.FindStringSubmatch(sql); m != nil && !made[sqltext.Unquote(m[1])] {
				n.roles = append(n.roles, sqltext.Unquote(m[1]))
			} else if m := alterRole.FindStringSubmatch(sql); m != nil {
				made[sqltext.Unquote(m[1])] = true // as DumpGlobals does it
			}
		}
	}
	return n
}

// maxDefinition is how long a statement may be that is looked at for needs.
const maxDefinition = 64 << 10

// needsOfArchive returns what an archive's table of contents shows of its needs.
func needsOfArchive(a *pgarchive.Archive) (n needs) {
	for _, e := range a.Entries {
		if e.Desc == "EXTENSION" {
			n.extensions = append(n.extensions, e.Tag)
		}
		if role := a.GivenTo(e); role != "" {
			n.roles = append(n.roles, role)
		}
	}
	return n
}

// check reports what is missing, before anything is done, unless failures are
// reported one by one.
func (rs *restorer) check(n needs) error {
	if rs.cfg.OnError != nil {
		return nil
	}
	extensions, err := rs.missing(n.extensions, "SELECT name FROM pg_catalog.pg_available_extensions")
	if err != nil {
		return err
	}
	if len(extensions) > 0 {
		return fmt.Errorf("the dump needs extensions that this server does not have: %s", strings.Join(extensions, ", "))
	}
	if rs.cfg.NoOwner {
		return nil
	}
	roles, err := rs.missing(n.roles, "SELECT rolname FROM pg_catalog.pg_roles")
	if err != nil {
		return err
	}
	if len(roles) > 0 {
		return fmt.Errorf("the dump gives objects to roles that this server does not have: %s; create them, or restore with NoOwner and NoPrivileges",
			strings.Join(roles, ", "))
	}
	return nil
}

// missing returns those names that a query does not return.
func (rs *restorer) missing(wanted []string, query string) (names []string, err error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	have, err := rs.names(query)
	for _, name := range wanted {
		// The encoding of a script is not known yet.
		if !have[name] && utf8.ValidString(name) {
			have[name] = true
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}
