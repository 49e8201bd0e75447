package inspect

import (
	"fmt"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/pglite/internal/datadir"
)

// defaultRelSegSize is how many blocks a file of a relation has at most (RELSEG_SIZE): 1 GB.
const defaultRelSegSize = 1 << 30 / pgdata.BlockSize

// readControl reads the control file. Without one, the rest is read with PostgreSQL's defaults, for what it is worth.
func (i *inspector) readControl() {
	const file = pgdata.ControlFile
	i.control = &pgdata.Control{RelSegSize: defaultRelSegSize}
	defer func() {
		i.xacts = pgdata.NewXacts(i.control, i.tree.ReadAt)
		i.catalogs = pgdata.CatalogsOf(i.info.PostgreSQL)
	}()
	b, err := i.tree.ReadFile(file, pgdata.ControlSize)
	if err != nil {
		i.problem(Problem{Kind: "control", File: file, Text: "it is missing or cannot be read"})
		return
	}
	if len(b) < pgdata.ControlSize {
		i.problem(Problem{Kind: "control", File: file, Text: fmt.Sprintf("it has %d bytes, not %d", len(b), pgdata.ControlSize)})
	}
	c, err := pgdata.DecodeControl(b)
	if err != nil {
		text := err.Error()
		if c != nil {
			text = fmt.Sprintf("%s; the system identifier is %d", text, c.SystemIdentifier)
		}
		i.problem(Problem{Kind: "control", File: file, Text: text})
		return
	}
	i.info.Control = newInfoControl(c)
	if !c.CRCValid() {
		i.problem(Problem{Kind: "control", File: file, Text: "its checksum is wrong, so what it says is not to be trusted"})
		return
	}
	i.info.Clean = c.State.Clean()
	if major := majorOf(c); major != 0 && major != i.info.PostgreSQL {
		if i.info.PostgreSQL != 0 {
			i.refused = true
			i.problem(Problem{Kind: "version", File: "PG_VERSION", Text: fmt.Sprintf("it says %d, and the control file is PostgreSQL %d's", i.info.PostgreSQL, major)})
		}
		i.info.PostgreSQL = major // the control file has a checksum
	}
	if c.RelSegSize == 0 {
		c.RelSegSize = defaultRelSegSize
	}
	i.control = c
}

// majorOf is the major version whose catalogs a control file names, or 0.
func majorOf(c *pgdata.Control) int {
	for _, r := range datadir.Releases {
		if r.Control == c.Version && r.Catalog == c.CatalogVersion {
			return r.Major
		}
	}
	return 0
}

func newInfoControl(c *pgdata.Control) *Control {
	ck := &c.CheckpointCopy
	position := func(l pgdata.LSN) string {
		if l == 0 {
			return ""
		}
		return l.String()
	}
	return &Control{
		Version: c.Version, CatalogVersion: c.CatalogVersion, SystemIdentifier: c.SystemIdentifier,
		CRCValid: c.CRCValid(), State: c.State.String(), Modified: c.Time,
		Checkpoint: Checkpoint{
			Location: c.Checkpoint.String(), Redo: ck.Redo.String(), Time: ck.Time,
			Timeline: ck.Timeline, PrevTimeline: ck.PrevTimeline, FullPageWrites: ck.FullPageWrites,
			NextXID: ck.NextXID, NextOID: ck.NextOID, NextMulti: ck.NextMulti, NextMultiOffset: ck.NextMultiOffset,
			OldestXID: ck.OldestXID, OldestXIDDB: ck.OldestXIDDB, OldestActiveXID: ck.OldestActiveXID,
			OldestMulti: ck.OldestMulti, OldestMultiDB: ck.OldestMultiDB,
		},
		MinRecoveryPoint: position(c.MinRecoveryPoint), BackupStart: position(c.BackupStartPoint),
		BackupEnd: position(c.BackupEndPoint), BackupEndRequired: c.BackupEndRequired,
		WALLevel: walLevel(c.WALLevel), ChecksumVersion: c.DataChecksumVersion,
		MaxAlign: c.MaxAlign, Float8ByVal: c.Float8ByVal, FloatFormatValid: c.FloatFormat == pgdata.FloatFormatValue,
		BlockSize: c.BlockSize, BlocksPerSegment: c.RelSegSize, WALBlockSize: c.WALBlockSize,
		WALSegmentSize: c.WALSegSize, NameDataLen: c.NameDataLen, IndexMaxKeys: c.IndexMaxKeys,
		ToastMaxChunk: c.ToastMaxChunkSize, LargeObjectBlock: c.LargeObjectBlockSize, CharSigned: c.CharSigned,
		MaxConnections: c.MaxConnections, MaxWorkerProcesses: c.MaxWorkerProcesses, MaxWALSenders: c.MaxWALSenders,
		MaxPreparedXacts: c.MaxPreparedXacts, MaxLocksPerXact: c.MaxLocksPerXact,
		WALLogHints: c.WALLogHints, TrackCommitTimestamp: c.TrackCommitTimestamp,
	}
}

// walLevel is the setting wal_level by its number (enum WalLevel, access/xlog.h).
func walLevel(n int32) string {
	switch n {
	case 0:
		return "minimal"
	case 1:
		return "replica"
	case 2:
		return "logical"
	}
	return fmt.Sprintf("unrecognized level %d", n)
}
