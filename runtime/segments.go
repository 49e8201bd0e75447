package runtime

import (
	"sync"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
)

// sharedSegments are the files that processes have mapped: PostgreSQL's
// dynamic shared memory, which it makes with shm_open. Whoever maps the same
// file gets the same memory.
type sharedSegments struct {
	mu    sync.Mutex
	byIno map[uint64]sharedSegment
}

type sharedSegment struct {
	file *vfs.File // with a reference of its own
	*linmem.Segment
}

// mapped is told of ranges that files were mapped to. What the postmaster maps
// while it boots is shared through the image.
func (pm *postmaster) mapped(p *process, f *vfs.File, r linmem.Range) error {
	if p == pm.proc && pm.image.Load() == nil {
		pm.ranges = append(pm.ranges, r)
		return nil
	}
	return pm.segments.mapInto(p.guest.Mem, f, r)
}

func (s *sharedSegments) mapInto(mem *linmem.Memory, f *vfs.File, r linmem.Range) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	seg, ok := s.byIno[st.Ino]
	if !ok {
		made, err := mem.NewSegment(mem.Bytes()[r.Off : r.Off+r.Len])
		if err != nil {
			return err
		}
		seg = sharedSegment{f.Ref(), made}
		if s.byIno == nil {
			s.byIno = map[uint64]sharedSegment{}
		}
		s.byIno[st.Ino] = seg
	}
	if err := mem.Map(r.Off, seg.Segment); err != nil {
		panic(err) // the process may have lost memory that it counts on
	}
	return nil
}

// sweep forgets files that have been removed: nobody can map them any more.
func (s *sharedSegments) sweep() {
	for ino, seg := range s.byIno {
		if st, err := seg.file.Stat(); err == nil && st.Nlink > 0 {
			continue
		}
		seg.release()
		delete(s.byIno, ino)
	}
}

func (seg sharedSegment) release() {
	seg.Close()
	seg.file.Close()
}

// close forgets all files.
func (s *sharedSegments) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seg := range s.byIno {
		seg.release()
	}
	s.byIno = nil
}
