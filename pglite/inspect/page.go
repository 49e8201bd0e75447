package inspect

import (
	"errors"
	"io"
	"iter"
	"sync"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/internal/pgdata/tree"
)

const (
	// countPages is how many pages of a table are looked at to count its rows, unless all are.
	countPages = 128
	// verifyPart is how many blocks are verified at a time: 16 MiB.
	verifyPart = 2048
)

// counts are rows counted in pages.
type counts struct {
	live, dead, uncertain, pages int64
}

// tuples extrapolates to all pages of a relation. Recovery empties unlogged tables.
func (r *relation) tuples(clean bool) *Tuples {
	if !r.heap || r.storage == nil || r.storage.counts.pages == 0 && r.Pages > 0 {
		return nil
	}
	if !clean && r.Persistence == persistences['u'] {
		return &Tuples{Exact: true}
	}
	c := r.storage.counts
	t := &Tuples{Live: c.live, Dead: c.dead, Uncertain: c.uncertain, Exact: c.pages == r.Pages}
	if !t.Exact {
		scale := float64(r.Pages) / float64(c.pages)
		t.Live, t.Dead, t.Uncertain = int64(float64(c.live)*scale), int64(float64(c.dead)*scale), int64(float64(c.uncertain)*scale)
	}
	return t
}

// checksums tells whether pages have checksums to compare.
func (i *inspector) checksums() bool { return i.control.DataChecksumVersion == 1 }

// verify checks a block. One that recovery writes anew is as good as any.
func (i *inspector) verify(node pgdata.Filenode, fork pgdata.Fork, page pgdata.Page, block uint32) error {
	err := page.Verify(block, i.checksums())
	if err != nil && i.redo.Restores(node, fork, block) {
		return nil
	}
	return err
}

// tuples are those of a block as they are after recovery.
func (i *inspector) tuples(node pgdata.Filenode, page pgdata.Page, block uint32) iter.Seq[pgdata.Tuple] {
	if t, ok := i.redo.Tuples(node, block); ok {
		return t
	}
	return page.Tuples()
}

// pageScan is a pass over the pages of relations.
type pageScan struct {
	i *inspector

	mu       sync.Mutex
	verified Verified
}

// A place is what a part of a file is part of.
type place struct {
	node  pgdata.Filenode
	fork  pgdata.Fork
	first uint32 // block
	rel   *relation
	count bool
}

// readPages counts rows, and verifies blocks if asked to.
func (i *inspector) readPages() error {
	if i.control.BlockSize != 0 && i.control.BlockSize != pgdata.BlockSize {
		return nil
	}
	s := &pageScan{i: i, verified: Verified{Checksums: i.checksums()}}
	var parts []tree.Part
	places := map[tree.Part]place{}
	add := func(seg segment, from, n int64, p place) {
		part := tree.Part{Name: seg.name, Off: from * pgdata.BlockSize, Len: n * pgdata.BlockSize}
		p.first = uint32(uint64(seg.number)*uint64(i.control.RelSegSize) + uint64(from))
		parts, places[part] = append(parts, part), p
	}
	for node, st := range i.storage {
		for fork, segments := range st.forks {
			p := place{node: node, fork: fork, rel: st.relation}
			p.count = p.rel != nil && p.rel.heap && fork == pgdata.MainFork
			if i.o.Verify {
				s.verified.Files += len(segments)
				for _, seg := range segments {
					for from := int64(0); from < seg.size/pgdata.BlockSize; from += verifyPart {
						add(seg, from, min(verifyPart, seg.size/pgdata.BlockSize-from), p)
					}
				}
			} else if p.count && (i.o.System || !p.rel.system()) {
				sample(segments, p.rel.Pages, func(seg segment, from, n int64) { add(seg, from, n, p) })
			}
		}
	}
	sortParts(parts)
	err := i.tree.Visit(i.ctx, parts, func(p tree.Part, r io.Reader) error { return s.read(p, places[p], r) })
	if i.o.Verify {
		i.info.Verified = &s.verified
	}
	i.countNew()
	return err
}

// countNew counts the rows of blocks that only the log has.
func (i *inspector) countNew() {
	for node := range i.redo.Nodes() {
		st := i.storage[node]
		if st == nil || st.relation == nil || !st.relation.heap {
			continue
		}
		for _, block := range i.redo.Blocks(node, i.blocks(node)) {
			tuples, _ := i.redo.Tuples(node, block)
			st.counts.count(tuples, i.xacts)
		}
	}
}

// sample chooses up to countPages pages of a fork of some pages, evenly spread over its segments.
func sample(segments []segment, pages int64, add func(seg segment, from, n int64)) {
	if pages <= countPages {
		for _, seg := range segments {
			if n := seg.size / pgdata.BlockSize; n > 0 {
				add(seg, 0, n)
			}
		}
		return
	}
	before := int64(0)
	next := int64(0)
	for _, seg := range segments {
		n := seg.size / pgdata.BlockSize
		for ; next < countPages && next*pages/countPages < before+n; next++ {
			add(seg, next*pages/countPages-before, 1)
		}
		before += n
	}
}

// read reads a part of a fork. Several are read at a time.
func (s *pageScan) read(part tree.Part, p place, r io.Reader) error {
	var c counts
	var blocks, zero int64
	var bad []Problem
	err := eachPage(r, p.first, func(page pgdata.Page, block uint32) error {
		blocks++
		if s.i.o.Verify {
			if err := s.i.verify(p.node, p.fork, page, block); err != nil {
				bad = append(bad, pageProblem(err, part.Name, p.fork, block))
			} else if page.New() {
				zero++
			}
		}
		if p.count {
			c.pages++
			c.count(s.i.tuples(p.node, page, block), s.i.xacts)
		}
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if s.i.ctx.Err() != nil {
			return err
		}
		bad = append(bad, unreadable(part.Name, err))
	}
	if want := part.Len / pgdata.BlockSize; err == nil && blocks < want {
		bad = append(bad, Problem{Kind: "page", File: part.Name, Text: "the file has become shorter while it was read"})
	}
	s.verified.Blocks += blocks
	s.verified.Zero += zero
	s.verified.Bad += int64(len(bad))
	if p.rel != nil {
		s.i.storage[p.node].counts.add(c)
	}
	for _, b := range bad {
		if p.rel != nil {
			b.Database, b.Relation = p.rel.db.Name, p.rel.name()
			if p.node.Database == 0 {
				b.Database = ""
			}
		}
		s.i.problem(b)
	}
	return nil
}

// count counts the rows of a page.
func (c *counts) count(tuples iter.Seq[pgdata.Tuple], x *pgdata.Xacts) {
	for t := range tuples {
		switch t.Liveness(x) {
		case pgdata.Live:
			c.live++
		case pgdata.Uncertain:
			c.live++
			c.uncertain++
		default:
			c.dead++
		}
	}
}

func (c *counts) add(o counts) {
	c.live += o.live
	c.dead += o.dead
	c.uncertain += o.uncertain
	c.pages += o.pages
}

// pageProblem makes a problem of what Page.Verify found.
func pageProblem(err error, file string, fork pgdata.Fork, block uint32) Problem {
	kind := "page"
	if errors.Is(err, pgdata.ErrPageChecksum) {
		kind = "checksum"
	}
	return Problem{Kind: kind, Text: err.Error(), File: file, Fork: string(fork), Block: &block}
}

// pageBuffers are for eachPage.
var pageBuffers = sync.Pool{New: func() any { b := make([]byte, 16*pgdata.BlockSize); return &b }}

// eachPage calls fn for each whole page that a reader has. first is the number of the first. The page is valid during
// the call.
func eachPage(r io.Reader, first uint32, fn func(pgdata.Page, uint32) error) error {
	buf := pageBuffers.Get().(*[]byte)
	defer pageBuffers.Put(buf)
	for {
		n, err := io.ReadFull(r, *buf)
		for at := 0; at+pgdata.BlockSize <= n; at += pgdata.BlockSize {
			if err := fn(pgdata.Page((*buf)[at:at+pgdata.BlockSize]), first); err != nil {
				return err
			}
			first++
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}
