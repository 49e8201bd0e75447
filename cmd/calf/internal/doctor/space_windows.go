package doctor

import "golang.org/x/sys/windows"

// freeSpace returns how much the user may write below dir.
func freeSpace(dir string) (bytes uint64, known bool) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	if err := windows.GetDiskFreeSpaceEx(p, &bytes, nil, nil); err != nil {
		return 0, false
	}
	return bytes, true
}
