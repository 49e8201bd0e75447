package linmem

import (
	"errors"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What maps memory in place of a reservation, since Windows 10 1803 and Server
// 2019: https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc2
var (
	kernelbase       = windows.NewLazySystemDLL("kernelbase.dll")
	virtualAlloc2    = kernelbase.NewProc("VirtualAlloc2")
	mapViewOfFile3   = kernelbase.NewProc("MapViewOfFile3")
	unmapViewOfFile2 = kernelbase.NewProc("UnmapViewOfFile2")
)

const (
	memPreservePlaceholder = 0x00002
	memReplacePlaceholder  = 0x04000
	memReservePlaceholder  = 0x40000
)

// scarce tells whether an error is for want of something that there may be
// later.
func scarce(err error) bool {
	for _, e := range []error{
		windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_OUTOFMEMORY, windows.ERROR_COMMITMENT_LIMIT,
		windows.ERROR_NO_SYSTEM_RESOURCES, windows.ERROR_TOO_MANY_OPEN_FILES,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// A space is a reservation of address space, in pieces: placeholders, and views
// of sections, each of which took the place of a placeholder of just its size.
// Only placeholders can be split, but then at every page; a view comes and goes
// as a whole.
//
// All memory is sections', also what only this space has. Nothing else stays
// what it was while it is mapped in other pieces, and mapping it anew takes no
// memory, so it cannot fail for want of some.
//
// Windows counts memory against its limit (RAM and paging file) when a section
// is made, and when a view is mapped copy-on-write; the reservation as such
// does not count.
type space struct {
	base   []byte
	pieces []piece // in order, and without gaps; nil in a plain reservation
}

// A piece is a placeholder or a view of a section.
type piece struct {
	off, n  uint64
	section *section // nil is none: a placeholder
	at      uint64   // where in the section the view begins
	private bool     // copy-on-write
}

// reserve takes n bytes of address space that cannot be accessed yet.
func reserve(n uint64) (space, error) {
	for _, p := range []*windows.LazyProc{virtualAlloc2, mapViewOfFile3, unmapViewOfFile2} {
		if err := p.Find(); err != nil {
			return space{}, err
		}
	}
	addr, _, err := virtualAlloc2.Call(uintptr(windows.CurrentProcess()), 0, uintptr(n),
		windows.MEM_RESERVE|memReservePlaceholder, windows.PAGE_NOACCESS, 0, 0)
	if addr == 0 {
		return space{}, os.NewSyscallError("VirtualAlloc2", err)
	}
	return space{bytesAt(addr, n), []piece{{n: n}}}, nil
}

// reservePlain is reserve for memory that is never mapped, on any Windows.
func reservePlain(n uint64) (space, error) {
	addr, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE, windows.PAGE_NOACCESS)
	if err != nil {
		return space{}, os.NewSyscallError("VirtualAlloc", err)
	}
	return space{base: bytesAt(addr, n)}, nil
}

// movable is false: a memory has all its addresses from the beginning.
const movable = false

func (*space) move(uint64, uint64) error { return ErrUnsupported }

// hide is not there: what is mapped would have to become one placeholder again.
func (s *space) hide(uint64) error { return ErrUnsupported }

// release returns the reservation to the system.
func (s *space) release() {
	if s.pieces == nil && s.base != nil {
		_ = windows.VirtualFree(s.addr(0), 0, windows.MEM_RELEASE)
	}
	for _, p := range s.pieces {
		if p.section == nil {
			_ = windows.VirtualFree(s.addr(p.off), 0, windows.MEM_RELEASE)
		} else {
			_ = windows.UnmapViewOfFile(s.addr(p.off))
			p.section.release()
		}
	}
	s.pieces = nil
}

// commit makes n reserved bytes at off accessible. They read as zeroes.
func (s *space) commit(off, n uint64) error {
	if s.pieces == nil {
		_, err := windows.VirtualAlloc(s.addr(off), uintptr(n), windows.MEM_COMMIT, windows.PAGE_READWRITE)
		return os.NewSyscallError("VirtualAlloc", err)
	}
	sec, err := newSection(off, n)
	if err != nil {
		return err
	}
	defer sec.release() // the views have it
	if err := s.vacate(off, n); err != nil {
		return err
	}
	return s.mapSection(off, n, sec, 0, false)
}

// mapShared maps n bytes at off to those of the file at from, so that writes
// are seen by every mapping.
func (s *space) mapShared(off, n uint64, f *file, from uint64) error {
	return s.mapFile(off, n, f, from, false)
}

// mapImage maps an image to the start of the space. If it fails, what it has
// mapped so far may be as the image itself, which nobody else must get then.
func (s *space) mapImage(im *Image) error {
	for _, r := range im.private {
		if err := s.mapFile(r.Off, r.Len, im.file, r.Off, true); err != nil {
			// Windows keeps memory ready for all that could be copied. Without
			// copies none is needed.
			_ = s.mapFile(r.Off, r.Len, im.file, r.Off, false)
			return err
		}
	}
	for _, r := range im.shared {
		if err := s.mapShared(r.Off, r.Len, im.root().file, r.Off); err != nil {
			return err
		}
	}
	return nil
}

func (s *space) mapFile(off, n uint64, f *file, from uint64, private bool) error {
	if len(f.sections) == 0 {
		return os.ErrClosed
	}
	if err := s.vacate(off, n); err != nil {
		return err
	}
	for _, sec := range f.sections {
		lo, hi := max(from, sec.off), min(from+n, sec.off+sec.n)
		if lo >= hi {
			continue
		}
		if err := s.mapSection(off+lo-from, hi-lo, sec, lo-sec.off, private); err != nil {
			return err
		}
	}
	return nil
}

// mapSection maps n bytes at off, which are placeholders, to those of a section.
func (s *space) mapSection(off, n uint64, sec *section, at uint64, private bool) error {
	first, end, err := s.cutOut(off, n)
	if err != nil {
		return err
	}
	for i := first; i < end; i++ {
		if err := s.view(i, sec, at+s.pieces[i].off-off, private); err != nil {
			return err
		}
	}
	return nil
}

// vacate makes placeholders of n bytes at off.
func (s *space) vacate(off, n uint64) error {
	first, end, err := s.cutOut(off, n)
	if err != nil {
		return err
	}
	for i := first; i < end; i++ {
		if err := s.unview(i); err != nil {
			return err
		}
	}
	return nil
}

// exchange maps another section of the same size wherever one is mapped. If it
// fails, it has done so in some places only.
func (s *space) exchange(old, sec *section) error {
	for i, p := range s.pieces {
		if p.section != old {
			continue
		}
		if err := s.unview(i); err != nil {
			return err
		}
		if err := s.view(i, sec, p.at, p.private); err != nil {
			return errors.Join(err, s.view(i, old, p.at, p.private))
		}
	}
	return nil
}

// cutOut makes pieces of n bytes at off, and returns the first and the one
// behind the last.
func (s *space) cutOut(off, n uint64) (first, end int, err error) {
	if first, err = s.cut(off); err == nil {
		end, err = s.cut(off + n)
	}
	return first, end, err
}

// cut makes a piece begin at off, and returns it.
func (s *space) cut(off uint64) (int, error) {
	i, found := slices.BinarySearchFunc(s.pieces, off, func(p piece, off uint64) int {
		switch {
		case p.off+p.n <= off:
			return -1
		case p.off > off:
			return 1
		}
		return 0
	})
	if !found || s.pieces[i].off == off {
		return i, nil
	}
	if s.pieces[i].private {
		if err := s.own(i); err != nil {
			return 0, err
		}
	}
	p := s.pieces[i]
	if p.section != nil {
		p.section.refs.Add(1)
		defer p.section.release()
		if err := s.unview(i); err != nil {
			return 0, err
		}
	}
	n := off - p.off
	if err := windows.VirtualFree(s.addr(p.off), uintptr(n), windows.MEM_RELEASE|memPreservePlaceholder); err != nil {
		return 0, os.NewSyscallError("VirtualFree", err)
	}
	s.pieces = slices.Replace(s.pieces, i, i+1, piece{off: p.off, n: n}, piece{off: off, n: p.n - n})
	if p.section != nil {
		if err := s.view(i, p.section, p.at, false); err != nil {
			return 0, err
		}
		if err := s.view(i+1, p.section, p.at+n, false); err != nil {
			return 0, err
		}
	}
	return i + 1, nil
}

// own copies a view that is copy-on-write to a section of its own.
func (s *space) own(i int) error {
	p := s.pieces[i]
	sec, err := newSection(p.off, p.n)
	if err != nil {
		return err
	}
	defer sec.release() // the view has it
	if err := sec.fill(0, s.base[p.off:p.off+p.n]); err != nil {
		return err
	}
	if err := s.unview(i); err != nil {
		return err
	}
	return s.view(i, sec, 0, false)
}

// view maps a placeholder to a section.
func (s *space) view(i int, sec *section, at uint64, private bool) error {
	p := &s.pieces[i]
	protect := uintptr(windows.PAGE_READWRITE)
	if private {
		protect = windows.PAGE_WRITECOPY
	}
	addr, _, err := mapViewOfFile3.Call(uintptr(sec.handle), uintptr(windows.CurrentProcess()), s.addr(p.off),
		uintptr(at), uintptr(p.n), memReplacePlaceholder, protect, 0, 0)
	if addr == 0 {
		return os.NewSyscallError("MapViewOfFile3", err)
	}
	sec.refs.Add(1)
	p.section, p.at, p.private = sec, at, private
	return nil
}

// unview makes a placeholder of a view.
func (s *space) unview(i int) error {
	p := &s.pieces[i]
	if p.section == nil {
		return nil
	}
	ok, _, err := unmapViewOfFile2.Call(uintptr(windows.CurrentProcess()), s.addr(p.off), memPreservePlaceholder)
	if ok == 0 {
		return os.NewSyscallError("UnmapViewOfFile2", err)
	}
	p.section.release()
	*p = piece{off: p.off, n: p.n}
	return nil
}

func (s *space) addr(off uint64) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(s.base))) + uintptr(off)
}
