package runtime

import (
	"encoding/binary"
	"fmt"

	"github.com/calfdb/calf/runtime/vfs"
)

// Layout of ControlFileData (PostgreSQL 18, pg_control.h): where the log that the
// last checkpoint needs begins, and on which timeline.
const (
	controlName     = "global/pg_control"
	controlRedo     = 40
	controlTimeline = 48
	controlSize     = 52
)

// walPage is XLOG_BLCKSZ. Who reads a segment begins with its first page.
const walPage = 8192

// checkpointed gives back what is not needed after a checkpoint: the log up to
// there, and the buffers of databases that have been dropped. The process has the
// turn.
func (pm *postmaster) checkpointed(p *process) {
	p.discardBuffers()
	pm.trimWAL()
}

// discardOldWAL has a volume in memory give back what segments hold when PostgreSQL
// removes them. A process that wrote to one keeps it open until it writes to
// another, which one that is idle, such as the WAL writer, never may.
func (pm *postmaster) discardOldWAL() {
	data, ok := pm.c.cfg.Data.(*vfs.Memory)
	if !ok {
		return
	}
	disposable := pm.wal.disposable
	data.DiscardRemoved(func(path string) bool {
		_, ok := walName(path)
		return ok && disposable
	})
}

// trimWAL gives back what a volume in memory holds of the segment that the last
// checkpoint begins in, up to there. PostgreSQL removes older segments itself, but
// only whole ones, of 16 MB.
func (pm *postmaster) trimWAL() {
	data, ok := pm.c.cfg.Data.(*vfs.Memory)
	if !ok || !pm.wal.disposable {
		return
	}
	f, err := data.Open(controlName, vfs.O_RDONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	var b [controlSize]byte
	if n, err := f.ReadAt(b[:], 0); err != nil || n < len(b) {
		return
	}
	redo, timeline := binary.LittleEndian.Uint64(b[controlRedo:]), binary.LittleEndian.Uint32(b[controlTimeline:])
	size := (1 << 32) / pm.wal.perLog
	name := fmt.Sprintf("pg_wal/%08X%08X%08X", timeline, redo>>32, uint32(redo)/uint32(size))
	// Whatever else is wrong, PostgreSQL will say.
	_ = data.Punch(name, walPage, int64(redo%size)-walPage)
}
