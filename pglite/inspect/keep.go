package inspect

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/internal/pgdata/tree"
)

// A keeper says which files of a compressed archive are kept when it is indexed, so that it need not be decompressed
// again for each: catalogs, as long as they have the numbers that initdb gave; segments of the log; small files. Each of
// these has a budget.
type keeper struct {
	catalogs, log, others int64
}

func newKeeper() *keeper { return &keeper{catalogs: 32 << 20, log: 32 << 20, others: 24 << 20} }

// keep is told of one file after the other, whose data directory may be in a folder.
func (k *keeper) keep(name string, size int64) bool {
	budget, most := &k.others, int64(64<<10)
	dir := path.Base(path.Dir(name))
	at := max(strings.LastIndex(name, "base/"), strings.LastIndex(name, "global/"), 0)
	f, ok := pgdata.ParseRelFile(name[at:])
	switch {
	case ok:
		if f.Fork != pgdata.MainFork || !isRead(f.Number) {
			return false
		}
		budget, most = &k.catalogs, 4<<20
	case dir == pgdata.WALDir:
		budget, most = &k.log, 16<<20
	case dir == "pg_xact", dir == "offsets", dir == "members":
		most = 256 << 10 // 32 pages
	}
	if size > most || size > *budget {
		return false
	}
	*budget -= size
	return true
}

// isRead tells whether a file number is that of a catalog that is read, unless it was rewritten.
func isRead(number uint32) bool {
	switch number {
	case pgdata.ClassRelation, pgdata.DatabaseRelation, pgdata.AuthIDRelation, pgdata.TablespaceRelation,
		pgdata.NamespaceRelation, pgdata.ExtensionRelation, pgdata.IndexRelation:
		return true
	}
	return false
}

// sortParts sorts parts by file and place.
func sortParts(parts []tree.Part) {
	slices.SortFunc(parts, func(a, b tree.Part) int { return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Off, b.Off)) })
}
