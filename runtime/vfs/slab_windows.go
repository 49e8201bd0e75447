package vfs

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// mapSlab returns n bytes that take no memory before they are used.
func mapSlab(n int) ([]byte, error) {
	addr, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE, windows.PAGE_NOACCESS)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), n), nil
}

func unmapSlab(b []byte) { _ = windows.VirtualFree(address(b), 0, windows.MEM_RELEASE) }

// usePages prepares pages for use, and dropPages gives back what they hold: they
// read as zeros when they are used again.
func usePages(b []byte) error {
	_, err := windows.VirtualAlloc(address(b), uintptr(len(b)), windows.MEM_COMMIT, windows.PAGE_READWRITE)
	return err
}

func dropPages(b []byte) { _ = windows.VirtualFree(address(b), uintptr(len(b)), windows.MEM_DECOMMIT) }

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
