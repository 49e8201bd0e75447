package pglite_test

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// memoryCounters is PROCESS_MEMORY_COUNTERS (psapi.h).
type memoryCounters struct {
	size, pageFaults                                     uint32
	peakWorkingSet, workingSet                           uintptr
	peakPagedPool, pagedPool, peakNonpagedPool, nonpaged uintptr
	pagefile, peakPagefile                               uintptr
}

func residentSize() (uint64, error) {
	c := memoryCounters{}
	c.size = uint32(unsafe.Sizeof(c))
	ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo").
		Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&c)), uintptr(c.size))
	if ok == 0 {
		return 0, err
	}
	return uint64(c.workingSet), nil
}
