package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"

	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime/vfs"
)

// A fileList collects what of a data directory is copied: what pg_basebackup
// copies (basebackup.c), but the write-ahead log, pg_control, and what is only
// calf's or the host's.
type fileList struct {
	entries []listed
	init    map[string]bool // relations that have an initialization fork
}

type listed struct {
	name string
	size int64 // in an archive
}

// Names that are left out. Those of directories are kept, without content.
var (
	// emptied are directories whose content ends with the server.
	emptied = regexp.MustCompile(`^(pg_dynshmem|pg_notify|pg_replslot|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans|` +
		`pg_wal/archive_status|pg_wal/summaries)$`)
	// omittedTop are files of the data directory itself.
	omittedTop = regexp.MustCompile(`^(backup_label|backup_manifest|tablespace_map|current_logfiles(\.tmp)?|` +
		`postgresql\.auto\.conf\.tmp|postmaster\.(pid|opts)|lost\+found|` + regexp.QuoteMeta(datadir.LockName) + `|` +
		regexp.QuoteMeta(datadir.IncompleteName) + `)$`)
	// omitted are files and directories anywhere: temporary ones, and what
	// PostgreSQL makes again.
	omitted = regexp.MustCompile(`^(pgsql_tmp|pg_internal\.init)`)
	// relationFile is a file of a table or an index, and tempRelation one of a
	// session's own (GetRelationPath).
	relationFile = regexp.MustCompile(`^([0-9]+)(_fsm|_vm|_init)?(\.[0-9]+)?$`)
	tempRelation = regexp.MustCompile(`^t[0-9]+_[0-9]+(_fsm|_vm|_init)?(\.[0-9]+)?$`)
)

var errTablespace = errors.New("a dump cannot hold tablespaces outside of the data directory")

// visit looks at one file.
func (l *fileList) visit(name string, st vfs.Stat) error {
	dir, base := path.Split(name)
	switch {
	case omitted.MatchString(base), dir == "" && omittedTop.MatchString(name), tempRelation.MatchString(base):
		return skip(st)
	case dir == "pg_tblspc/" && st.IsLink():
		return fmt.Errorf("%w, such as the one with the OID %s", errTablespace, base)
	case name == datadir.ControlName, dir == walDir+"/" && !st.IsDir():
		return nil
	}
	if m := relationFile.FindStringSubmatch(base); m != nil && m[2] == "_init" {
		if l.init == nil {
			l.init = map[string]bool{}
		}
		l.init[dir+m[1]] = true
	}
	l.entries = append(l.entries, listed{name, vfs.TarSize(st)})
	if emptied.MatchString(name) {
		return fs.SkipDir
	}
	return nil
}

func skip(st vfs.Stat) error {
	if st.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// result returns the names and their size in an archive. The content of
// unlogged relations is left out: recovery would empty them.
func (l *fileList) result() (names []string, size int64) {
	for _, e := range l.entries {
		dir, base := path.Split(e.name)
		m := relationFile.FindStringSubmatch(base)
		if m != nil && m[2] != "_init" && l.init[dir+m[1]] {
			continue
		}
		names, size = append(names, e.name), size+e.size
	}
	return names, size
}
