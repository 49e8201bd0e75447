package pgdata

import (
	"fmt"
	"strconv"
	"strings"
)

// OIDs of the tablespaces that every cluster has (catalog/pg_tablespace.dat).
const (
	DefaultTablespace = 1663 // base
	GlobalTablespace  = 1664 // global
)

// Fork is one of the files that a relation may have (common/relpath.h).
type Fork string

// Forks.
const (
	MainFork Fork = "main"
	FSMFork  Fork = "fsm"
	VMFork   Fork = "vm"
	InitFork Fork = "init"
)

// Filenode names the storage of a relation (RelFileLocator, storage/relfilelocator.h). Database is 0 for what all
// databases share.
type Filenode struct {
	Tablespace, Database, Number uint32
}

// RelFile is what the path of a relation's file says.
type RelFile struct {
	Filenode
	Fork    Fork
	Segment uint32
	Temp    bool // of a session's temporary table
}

// ParseRelFile parses the path of a file in a data directory, such as base/5/16384_fsm.1, and tells whether it is a
// relation's (GetRelationPath, common/relpath.c). Tablespaces of users are below pg_tblspc.
func ParseRelFile(path string) (f RelFile, ok bool) {
	parts := strings.Split(path, "/")
	switch {
	case len(parts) == 2 && parts[0] == "global":
		f.Tablespace = GlobalTablespace
	case len(parts) == 3 && parts[0] == "base":
		f.Tablespace = DefaultTablespace
		if f.Database, ok = parseOID(parts[1]); !ok {
			return f, false
		}
	case len(parts) == 5 && parts[0] == "pg_tblspc" && strings.HasPrefix(parts[2], "PG_"):
		if f.Tablespace, ok = parseOID(parts[1]); !ok {
			return f, false
		}
		if f.Database, ok = parseOID(parts[3]); !ok {
			return f, false
		}
	default:
		return f, false
	}
	return f, f.parseName(parts[len(parts)-1])
}

// parseName parses [tBACKEND_]NUMBER[_FORK][.SEGMENT].
func (f *RelFile) parseName(name string) (ok bool) {
	if rest, found := strings.CutPrefix(name, "t"); found {
		backend, rest, found := strings.Cut(rest, "_")
		if _, ok := parseOID(backend); !ok && backend != "0" || !found {
			return false
		}
		f.Temp, name = true, rest
	}
	name, segment, found := strings.Cut(name, ".")
	if found {
		if f.Segment, ok = parseOID(segment); !ok {
			return false
		}
	}
	number, fork, found := strings.Cut(name, "_")
	f.Fork = MainFork
	if found {
		f.Fork = Fork(fork)
		if f.Fork != FSMFork && f.Fork != VMFork && f.Fork != InitFork {
			return false
		}
	}
	f.Number, ok = parseOID(number)
	return ok
}

// parseOID parses a positive number as PostgreSQL writes it.
func parseOID(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && s[0] >= '1' && s[0] <= '9'
}

// Path is the path of a segment of a fork in the data directory. version is the name of the folder below a user's
// tablespace, such as PG_18_202506291.
func (n Filenode) Path(fork Fork, segment uint32, version string) string {
	var b strings.Builder
	switch n.Tablespace {
	case GlobalTablespace:
		b.WriteString("global/")
	case DefaultTablespace:
		fmt.Fprintf(&b, "base/%d/", n.Database)
	default:
		fmt.Fprintf(&b, "pg_tblspc/%d/%s/%d/", n.Tablespace, version, n.Database)
	}
	fmt.Fprint(&b, n.Number)
	if fork != MainFork {
		b.WriteString("_" + string(fork))
	}
	if segment > 0 {
		fmt.Fprintf(&b, ".%d", segment)
	}
	return b.String()
}
