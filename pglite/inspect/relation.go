package inspect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/calfdb/calf/internal/pgdata"
)

// connect finds the schemas, tables and files of a database's relations.
func (i *inspector) connect(db *database) {
	for n := range db.Extensions {
		db.Extensions[n].Schema = db.namespaces[db.schemas[n]]
	}
	slices.SortFunc(db.Extensions, func(a, b Extension) int { return strings.Compare(a.Name, b.Name) })
	relations := slices.SortedFunc(maps.Values(db.relations), func(a, b *relation) int { return cmp.Compare(a.OID, b.OID) })
	for _, r := range relations {
		if r.Schema = db.namespaces[r.namespace]; r.Schema == "" {
			r.Schema = fmt.Sprintf("(schema %d)", r.namespace)
		}
	}
	for _, r := range relations {
		if toast := db.relations[r.toast]; toast != nil {
			toast.Of = r.name()
		}
		if table := db.relations[r.table]; table != nil {
			r.Of = table.name()
		}
		if r.stored {
			i.claim(r)
		}
	}
}

// name is a relation's name with its schema.
func (r *relation) name() string { return r.Schema + "." + r.Name }

// claim finds a relation's files.
func (i *inspector) claim(r *relation) {
	if r.filenode.Number == 0 {
		m := r.db.classMap
		if r.filenode.Tablespace == pgdata.GlobalTablespace {
			m = i.globalMap
		}
		r.filenode.Number = mapped(m, r.OID)
	}
	r.Filenode = r.filenode.Number
	at := Problem{Database: r.db.Name, Relation: r.name()}
	s := i.storage[r.filenode]
	switch {
	case s != nil && s.relation == nil:
		s.relation = r
		i.segmentProblems(s, at)
	case s != nil && r.filenode.Database != 0: // what is shared is in every database's catalogs
		at.Kind, at.Text = "catalog", fmt.Sprintf("it has the same file as %s", s.relation.name())
		i.problem(at)
	}
	r.storage = s
	if s == nil || len(s.forks[pgdata.MainFork]) == 0 {
		if r.Persistence != persistences['t'] && !i.external(r.filenode.Tablespace) && !i.tree.TooMany {
			at.Kind, at.File, at.Text = "missing", r.filenode.Path(pgdata.MainFork, 0, i.tablespaceVersion()), "the relation's file is not there"
			i.problem(at)
		}
		return
	}
	r.Forks = map[string]int64{}
	for f := range s.forks {
		r.Forks[string(f)] = s.size(f)
	}
	r.Pages = s.size(pgdata.MainFork) / pgdata.BlockSize
}

// finish puts what was found of databases into the result.
func (i *inspector) finish() {
	unclaimed := i.unclaimed()
	for _, db := range i.databases {
		for _, r := range db.relations {
			r.Tuples = r.tuples(i.info.Clean)
			if r.system() {
				db.SystemRelations++
				if r.storage != nil && r.filenode.Database != 0 {
					db.SystemSize += r.storage.total()
				}
			}
			if !r.system() || i.o.System {
				db.Relations = append(db.Relations, r.Relation)
			}
		}
		slices.SortFunc(db.Relations, func(a, b Relation) int {
			return cmp.Or(strings.Compare(a.Schema, b.Schema), strings.Compare(a.Name, b.Name), cmp.Compare(a.OID, b.OID))
		})
		if db.readable {
			db.Unclaimed = unclaimed[db.OID]
		}
		i.info.Databases = append(i.info.Databases, db.Database)
	}
}

// unclaimed lists, by database, files that no relation has. Empty ones are what DROP leaves until a checkpoint.
func (i *inspector) unclaimed() map[uint32][]File {
	found := map[uint32][]File{}
	for node, s := range i.storage {
		if s.relation != nil {
			continue
		}
		for _, segments := range s.forks {
			for _, seg := range segments {
				if seg.size > 0 {
					found[node.Database] = append(found[node.Database], File{seg.name, seg.size})
				}
			}
		}
	}
	for _, files := range found {
		slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.File, b.File) })
	}
	return found
}
