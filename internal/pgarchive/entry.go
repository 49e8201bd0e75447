package pgarchive

import "strings"

// An Entry is one of the table of contents: an object, data, or something to be
// done.
type Entry struct {
	// ID is its number in the archive.
	ID int64
	// Desc is what it is, such as TABLE or TABLE DATA. Schema and Tag are its
	// name; Schema is empty if it is in none.
	Desc, Schema, Tag string
	// Owner is the role that owns it, or "".
	Owner string

	defn, drop, copy string
	tablespace       *string // nil if it has nothing to do with tablespaces
	tableAM          string
	relkind          byte
	deps             []int64
	hasData          bool
	file             string // in a tar file
}

// Name is the entry's name as people write it, such as TABLE public.t.
func (e *Entry) Name() string {
	name := e.Desc
	switch {
	case e.Schema != "" && e.Schema != "-":
		name += " " + e.Schema + "." + e.Tag
	case e.Tag != "":
		name += " " + e.Tag
	}
	return name
}

// entry reads an entry (ReadToc, pg_backup_archiver.c).
func (a *Archive) entry(r *reader, format byte) *Entry {
	e := &Entry{ID: r.int(), hasData: r.int() != 0}
	r.text() // OIDs of its catalog and of itself
	r.text()
	e.Tag, e.Desc = r.text(), r.text()
	r.int() // section
	e.defn, e.drop, e.copy, e.Schema = r.text(), r.text(), r.text(), r.text()
	if space, ok := r.string(); ok {
		e.tablespace = &space
	}
	if a.version >= withTableAM {
		e.tableAM = r.text()
	}
	if a.version >= withBlobMetadata {
		e.relkind = byte(r.int())
	}
	e.Owner = r.text()
	r.text() // WITH OIDS, which no server has any more
	for r.err == nil {
		dep, ok := r.string()
		if !ok {
			break
		}
		e.deps = append(e.deps, parseID(dep))
	}
	switch format {
	case formatCustom: // where the data begins, which comes in order anyway
		if r.byte() == offsetNoData {
			e.hasData = false
		}
		for range r.offSize {
			r.byte()
		}
	case formatTar:
		e.file = r.text()
	}
	return e
}

// offsetNoData says that an entry has no data (K_OFFSET_NO_DATA).
const offsetNoData = 3

func parseID(s string) (id int64) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || id > 1<<40 {
			return 0
		}
		id = 10*id + int64(c-'0')
	}
	return id
}

// A pass is one of the rounds in which entries are restored (RestorePass,
// pg_backup_archiver.h): privileges come late, because they may take away what
// is needed before, and what uses them comes last.
type pass int

const (
	passMain pass = iota
	passACL
	passPostACL
	passes
)

func (e *Entry) pass() pass {
	switch e.Desc {
	case "ACL", "ACL LANGUAGE", "DEFAULT ACL":
		return passACL
	case "EVENT TRIGGER", "MATERIALIZED VIEW DATA":
		return passPostACL
	case "COMMENT":
		if strings.HasPrefix(e.Tag, "EVENT TRIGGER ") {
			return passPostACL
		}
	}
	return passMain
}

// wanted reports whether an entry is restored.
func (a *Archive) wanted(e *Entry) bool {
	switch e.Desc {
	case "ENCODING", "STDSTRINGS", "SEARCHPATH", "<Init>": // are settings of all the archive, or obsolete
		return false
	case "DATABASE", "DATABASE PROPERTIES":
		return a.create
	case "ACL", "COMMENT", "SECURITY LABEL":
		return a.create || !strings.HasPrefix(e.Tag, "DATABASE ")
	}
	return true
}
