package datadir

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// foreignUser looks for another process that has a file of PostgreSQL's in a
// data directory open for writing: PGlite under Node, which locks nothing. It
// returns what to call it, or "".
//
// It sees processes whose descriptors this user may see, its own and for root
// all of them, in this container.
func foreignUser(dir string) string {
	dir, err := filepath.EvalSymlinks(dir) // as the kernel shows it
	if err != nil {
		return ""
	}
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return ""
	}
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if file := writesTo(pid, dir); file != "" {
			comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
			host, _ := os.Hostname()
			return fmt.Sprintf("process %d (%s) on %s, which has %s open and does not lock directories as calf does",
				pid, strings.TrimSpace(string(comm)), host, file)
		}
	}
	return ""
}

// writesTo returns a file of PostgreSQL's below dir that a process has open for
// writing, or "".
func writesTo(pid int, dir string) string {
	fds := fmt.Sprintf("/proc/%d/fd", pid)
	list, err := os.ReadDir(fds)
	if err != nil {
		return "" // it is gone, or somebody else's
	}
	for _, fd := range list {
		path, err := os.Readlink(filepath.Join(fds, fd.Name()))
		name, below := strings.CutPrefix(path, dir+"/")
		if err != nil || !below || !isPostgresFile(name) {
			continue
		}
		info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", pid, fd.Name()))
		if err == nil && opensForWriting(string(info)) {
			return name
		}
	}
	return ""
}

// isPostgresFile tells whether a file of a data directory is one that only a
// server has reason to write to. An editor may have postgresql.conf.
func isPostgresFile(name string) bool {
	top, _, isDir := strings.Cut(name, "/")
	return isDir && (top == "base" || top == "global" || strings.HasPrefix(top, "pg_"))
}

// opensForWriting reads the flags from what /proc tells of a descriptor.
func opensForWriting(info string) bool {
	_, rest, ok := strings.Cut(info, "flags:")
	if !ok {
		return false
	}
	flags, err := strconv.ParseUint(strings.Fields(rest)[0], 8, 64)
	return err == nil && flags&uint64(os.O_WRONLY|os.O_RDWR) != 0
}
