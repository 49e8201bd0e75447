package doctor

import "golang.org/x/sys/windows"

func tryExecutable() error {
	const size = 4096
	p, err := windows.VirtualAlloc(0, size, windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return err
	}
	defer windows.VirtualFree(p, 0, windows.MEM_RELEASE)
	var old uint32
	return windows.VirtualProtect(p, size, windows.PAGE_EXECUTE_READ, &old)
}

func tryReserve(n uint64) error {
	p, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE, windows.PAGE_NOACCESS)
	if err != nil {
		return err
	}
	return windows.VirtualFree(p, 0, windows.MEM_RELEASE)
}
