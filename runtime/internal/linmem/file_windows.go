package linmem

import (
	"bytes"
	"os"
	"slices"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A file is the anonymous file behind an image: sections in order. A section
// of the paging file cannot grow, so every growth adds one.
type file struct{ sections []*section }

// newFile returns an empty file. Its sections live in memory, or in the paging
// file if memory is short.
func newFile() (*file, error) { return new(file), nil }

func (f *file) close() {
	for _, s := range f.sections {
		s.release()
	}
	f.sections = nil
}

// extend makes n bytes at off, behind all others, part of the file. They read
// as zeroes.
func (f *file) extend(off, n uint64) error {
	s, err := newSection(off, n)
	if err != nil {
		return err
	}
	f.sections = append(slices.DeleteFunc(f.sections, func(s *section) bool {
		behind := s.off >= off // of a growth that failed
		if behind {
			s.release()
		}
		return behind
	}), s)
	return nil
}

// writeAt writes to a part of the file that has not been written to.
func (f *file) writeAt(b []byte, off uint64) error {
	for _, s := range f.sections {
		from, to := max(off, s.off), min(off+uint64(len(b)), s.off+s.n)
		if from >= to {
			continue
		}
		if err := s.fill(from-s.off, b[from-off:to-off]); err != nil {
			return err
		}
	}
	return nil
}

// punch makes zeroes of a part of the file, which the space maps. A section
// gives no memory back while it exists: one that the part is most of is made
// anew with what remains of it.
func (f *file) punch(sp *space, off, n uint64) error {
	for i, old := range f.sections {
		from, to, end := max(off, old.off), min(off+n, old.off+old.n), old.off+old.n
		if from >= to {
			continue
		}
		if to-from < old.n/2 {
			clearPages(sp.base[from:to])
			continue
		}
		s, err := newSection(old.off, old.n)
		if err != nil {
			return err
		}
		if err = s.fill(0, sp.base[s.off:from]); err == nil {
			err = s.fill(to-s.off, sp.base[to:end])
		}
		if err == nil {
			if err = sp.exchange(old, s); err != nil {
				_ = sp.exchange(s, old)
			}
		}
		if err != nil {
			s.release()
			return err
		}
		f.sections[i] = s
		old.release()
	}
	return nil
}

// discard is not there: a section that others have mapped gives nothing back.
func (f *file) discard(uint64, uint64) error { return ErrUnsupported }

// A section is memory that can be mapped, as often as one likes.
type section struct {
	off, n uint64 // what it is of its file
	handle windows.Handle
	refs   atomic.Int32 // the file's and the views'
}

// newSection returns a section of zeroes, with one reference.
func newSection(off, n uint64) (*section, error) {
	h, err := windows.CreateFileMapping(windows.InvalidHandle, nil, windows.PAGE_READWRITE, uint32(n>>32), uint32(n), nil)
	if err != nil {
		return nil, os.NewSyscallError("CreateFileMapping", err)
	}
	s := &section{off: off, n: n, handle: h}
	s.refs.Store(1)
	return s, nil
}

func (s *section) release() {
	if s.refs.Add(-1) == 0 {
		_ = windows.CloseHandle(s.handle)
	}
}

// fill writes to a part of the section that has zeroes. Pages of zeroes take no
// memory.
func (s *section) fill(at uint64, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	start := at &^ (PageSize - 1)
	n := at - start + uint64(len(b))
	addr, err := windows.MapViewOfFile(s.handle, windows.FILE_MAP_WRITE, uint32(start>>32), uint32(start), uintptr(n))
	if err != nil {
		return os.NewSyscallError("MapViewOfFile", err)
	}
	defer windows.UnmapViewOfFile(addr)
	const page = 4096
	for view := bytesAt(addr, n)[at-start:]; len(b) > 0; {
		k := min(len(b), page)
		if !bytes.Equal(b[:k], zeroes[:k]) {
			copy(view, b[:k])
		}
		b, view = b[k:], view[k:]
	}
	return nil
}

// bytesAt returns memory that is not Go's.
func bytesAt(addr uintptr, n uint64) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), n)
}
