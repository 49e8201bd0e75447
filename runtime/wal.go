package runtime

import (
	"strconv"
	"strings"

	"github.com/calfdb/calf/runtime/internal/emscripten"
)

// walNameLen is the length of the name of a WAL segment: timeline, log and
// segment, in hexadecimal digits.
const walNameLen = 24

// walName returns the name of the WAL segment that a path in the data directory is
// of, if it is.
func walName(path string) (name string, ok bool) {
	name, ok = strings.CutPrefix(path, "pg_wal/")
	return name, ok && len(name) == walNameLen
}

// A walCounter asks for a checkpoint when max_wal_size says so. PostgreSQL
// does that itself, in XLogWrite, but PGlite leaves it out.
type walCounter struct {
	segments   uint64 // per checkpoint
	perLog     uint64 // segments that one number of a log has
	first      uint64 // the segment that was written at the last checkpoint
	doneCount  uint32 // checkpoints done when first was set
	known      bool
	disposable bool // nobody reads what is older than the last checkpoint
}

// configure reads the settings. The caller has the turn of g's process.
func (w *walCounter) configure(g *emscripten.Guest) error {
	var v [4]float64
	for i, name := range []string{"max_wal_size", "wal_segment_size", "checkpoint_completion_target", "wal_keep_size"} {
		var err error
		if v[i], err = setting(g, name); err != nil {
			return err
		}
	}
	level, err := settingText(g, "wal_level")
	if err != nil {
		return err
	}
	w.disposable = level == "minimal" && v[3] == 0
	const mib = 1 << 20
	w.perLog = (1 << 32) / uint64(v[1])
	// CalculateCheckpointSegments (xlog.c)
	w.segments = max(1, uint64(v[0]*mib/v[1]/(1+v[2])))
	return nil
}

// walSegment is told that a process opened a segment to write to it. The
// process has the turn.
func (pm *postmaster) walSegment(p *process, name string) {
	w, g := &pm.wal, p.guest
	log, err1 := strconv.ParseUint(name[8:16], 16, 32)
	seg, err2 := strconv.ParseUint(name[16:], 16, 32)
	if err1 != nil || err2 != nil || w.segments == 0 {
		return
	}
	at := log*w.perLog + seg
	shmem := g.Load32(g.Address("CheckpointerShmem"))
	if done := g.Load32(shmem + ckptDone); !w.known || done != w.doneCount || at < w.first {
		w.known, w.doneCount, w.first = true, done, at
	}
	if at-w.first < w.segments || g.Load32(shmem+ckptFlags)&checkpointRequested != 0 {
		return
	}
	if c := pm.checkpointer(); c != nil && c != p {
		g.Store32(shmem+ckptFlags, g.Load32(shmem+ckptFlags)|checkpointCauseXlog|checkpointRequested)
		p.setLatch(c)
	}
}
