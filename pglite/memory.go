package pglite

import (
	"fmt"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime/vfs"
)

// A database in memory keeps its write-ahead log only for the processes of the
// moment: it recovers from the crash of one, and what a dump or a fork has is
// what such a crash would leave. So the log is kept small, and nothing is written
// to it that only a disk or another server would need.
const (
	// memoryWAL bounds the log. PostgreSQL writes a checkpoint when a segment of
	// 16 MB before that is full.
	memoryWAL = 64 << 20
	mib       = 1 << 20
)

// memorySettings returns the parameters of a database in memory, unless somebody
// has set them.
func memorySettings(v vfs.Volume, e explicit) map[string]string {
	segment := uint64(16 * mib)
	if b, err := datadir.ReadFile(v, datadir.ControlName); err == nil {
		if c, err := pgdata.DecodeControl(b); err == nil && c.WALSegSize > 0 {
			segment = uint64(c.WALSegSize)
		}
	}
	s := map[string]string{
		"max_wal_size": fmt.Sprintf("%dMB", max(memoryWAL, 4*segment)/mib),
		"min_wal_size": fmt.Sprintf("%dMB", 2*segment/mib),
		// Old segments are removed, not kept for later; a new one is a hole.
		"wal_recycle":   "off",
		"wal_init_zero": "off",
		"wal_keep_size": "0",
		// No page is ever half written.
		"full_page_writes": "off",
		// There is no disk to be spared.
		"checkpoint_completion_target": "0",
	}
	if mayBeMinimal(v, e) {
		s["wal_level"], s["max_wal_senders"] = "minimal", "0"
		// With one of these, which ALTER SYSTEM could set, PostgreSQL would not start again after a crash.
		s["archive_mode"], s["summarize_wal"] = "off", "off"
	}
	for name := range s {
		if e.has(name) {
			delete(s, name)
		}
	}
	return s
}

// mayBeMinimal tells whether nothing needs more of the log than wal_level minimal
// writes. What does, PostgreSQL would refuse to start with.
func mayBeMinimal(v vfs.Volume, e explicit) bool {
	if e.has("wal_level") || !e.isOff("max_wal_senders", "0") ||
		!e.isOff("archive_mode", "off", "false", "no", "0") || !e.isOff("summarize_wal", "off", "false", "no", "0") {
		return false
	}
	for _, name := range []string{"standby.signal", "recovery.signal"} {
		if _, err := v.Lstat(name); err == nil {
			return false
		}
	}
	slots, err := v.Open("pg_replslot", vfs.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer slots.Close()
	entries, err := slots.ReadDir()
	return err == nil && len(entries) == 0
}
