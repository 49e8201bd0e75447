package pgdata

import (
	"strconv"
	"strings"
	"time"
)

// PIDFile is what postmaster.pid says (utils/pidfile.h). What is not there is zero.
type PIDFile struct {
	PID     int // negative of a server that is not a postmaster; PGlite has -42
	DataDir string
	Start   time.Time
	Port    int
}

// DecodePIDFile decodes postmaster.pid. It tells whether the first line is a process id.
func DecodePIDFile(b []byte) (f PIDFile, ok bool) {
	lines := strings.Split(string(b), "\n")
	line := func(i int) string {
		if i < len(lines) {
			return strings.TrimSpace(lines[i])
		}
		return ""
	}
	pid, err := strconv.Atoi(line(0))
	if err != nil || pid == 0 {
		return f, false
	}
	f.PID, f.DataDir = pid, line(1)
	if start, err := strconv.ParseInt(line(2), 10, 64); err == nil && start > 0 {
		f.Start = pgTime(start)
	}
	f.Port, _ = strconv.Atoi(line(3))
	return f, true
}
