package inspect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/calfdb/calf/internal/pgdata"
)

// storage is the files of a relation.
type storage struct {
	forks    map[pgdata.Fork][]segment // sorted
	relation *relation                 // that claims it; what databases share, the relation of one of them
	counts   counts
}

// A segment is one file of a fork.
type segment struct {
	number uint32
	name   string
	size   int64
}

// size is that of a fork.
func (s *storage) size(f pgdata.Fork) (n int64) {
	for _, seg := range s.forks[f] {
		n += seg.size
	}
	return n
}

// total is the size of all forks.
func (s *storage) total() (n int64) {
	for f := range s.forks {
		n += s.size(f)
	}
	return n
}

// segments are the files of a relation's main fork.
func (i *inspector) segments(n pgdata.Filenode) []segment {
	if s := i.storage[n]; s != nil {
		return s.forks[pgdata.MainFork]
	}
	return nil
}

// blocks is how many blocks the files of a relation's main fork have.
func (i *inspector) blocks(n pgdata.Filenode) uint32 {
	if s := i.storage[n]; s != nil {
		return uint32(s.size(pgdata.MainFork) / pgdata.BlockSize)
	}
	return 0
}

// indexStorage groups the files by relation, and adds up the sizes of databases.
func (i *inspector) indexStorage() {
	for _, o := range i.tree.Others {
		if number, ok := strings.CutPrefix(o.Name, "pg_tblspc/"); ok {
			if f, ok := pgdata.ParseRelFile("global/" + number); ok {
				i.outside[f.Number] = text(strings.TrimPrefix(o.What, "symbolic link to "))
			}
		}
	}
	i.storage, i.bases = map[pgdata.Filenode]*storage{}, map[uint32]int64{}
	for _, f := range i.tree.Files() {
		if db, ok := databaseOf(f.Name); ok {
			i.bases[db] += f.Size
		}
		r, ok := pgdata.ParseRelFile(f.Name)
		if !ok || r.Temp {
			continue
		}
		s := i.storage[r.Filenode]
		if s == nil {
			s = &storage{forks: map[pgdata.Fork][]segment{}}
			i.storage[r.Filenode] = s
		}
		s.forks[r.Fork] = append(s.forks[r.Fork], segment{r.Segment, f.Name, f.Size})
	}
	for _, s := range i.storage {
		for _, segments := range s.forks {
			slices.SortFunc(segments, func(a, b segment) int { return int(int64(a.number) - int64(b.number)) })
		}
	}
}

// databaseOf returns the database that a file belongs to.
func databaseOf(name string) (uint32, bool) {
	parts := strings.Split(name, "/")
	switch {
	case len(parts) == 3 && parts[0] == "base":
		name = parts[1]
	case len(parts) == 5 && parts[0] == "pg_tblspc":
		name = parts[3]
	default:
		return 0, false
	}
	f, ok := pgdata.ParseRelFile("base/" + name + "/1")
	return f.Database, ok
}

// segmentProblems checks that the files of a fork follow one another: all but the last are full.
func (i *inspector) segmentProblems(s *storage, at Problem) {
	full := int64(i.control.RelSegSize) * pgdata.BlockSize
	for _, fork := range slices.Sorted(maps.Keys(s.forks)) {
		segments := s.forks[fork]
		p := at
		p.Fork = string(fork)
		for n, seg := range segments {
			p.File = seg.name
			switch {
			case seg.number != uint32(n):
				p.Kind, p.Text = "missing", fmt.Sprintf("file %d of the fork is not there, and this is file %d", n, seg.number)
				i.problem(p)
			case n < len(segments)-1 && seg.size < full:
				p.Kind, p.Text = "missing", fmt.Sprintf("it has %d bytes, and the next file begins at %d", seg.size, full)
				i.problem(p)
			case seg.size%pgdata.BlockSize != 0:
				block := uint32(uint64(seg.number)*uint64(i.control.RelSegSize) + uint64(seg.size/pgdata.BlockSize))
				p.Kind, p.Text, p.Block = "page", fmt.Sprintf("the file ends within a block: it has %d bytes", seg.size), &block
				i.problem(p)
			}
			if seg.number != uint32(n) {
				break
			}
		}
	}
}
