package pgdata

import (
	"errors"
	"fmt"
	"math/bits"
	"time"
)

// ControlFile is the control file's path in a data directory.
const ControlFile = "global/pg_control"

// ControlSize is the length of the control file (PG_CONTROL_FILE_SIZE, catalog/pg_control.h). Most of it is zeros.
const ControlSize = 8192

// Versions of the control file's layout (PG_CONTROL_VERSION).
const (
	ControlVersion13 = 1300 // PostgreSQL 13 to 16
	ControlVersion17 = 1700
	ControlVersion18 = 1800
)

// ErrControl is wrapped by what DecodeControl returns for bytes that it cannot read. Use errors.Is.
var ErrControl = errors.New("not a control file that can be read")

// DBState is what a cluster was doing when its control file was written (enum DBState, catalog/pg_control.h).
type DBState uint32

// States of a cluster.
const (
	DBStartup DBState = iota
	DBShutdowned
	DBShutdownedInRecovery
	DBShutdowning
	DBInCrashRecovery
	DBInArchiveRecovery
	DBInProduction
)

// String returns the words of pg_controldata.
func (s DBState) String() string {
	names := [...]string{
		"starting up", "shut down", "shut down in recovery", "shutting down",
		"in crash recovery", "in archive recovery", "in production",
	}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("unrecognized state %d", uint32(s))
}

// Clean tells whether the cluster was shut down, so that nothing has to be recovered.
func (s DBState) Clean() bool { return s == DBShutdowned || s == DBShutdownedInRecovery }

// Control is the content of a control file (ControlFileData, catalog/pg_control.h).
type Control struct {
	SystemIdentifier uint64
	Version          uint32 // PG_CONTROL_VERSION
	CatalogVersion   uint32 // CATALOG_VERSION_NO
	State            DBState
	Time             time.Time // when the file was written
	Checkpoint       LSN       // where the last checkpoint's record is
	CheckpointCopy   Checkpoint

	UnloggedLSN         LSN
	MinRecoveryPoint    LSN
	MinRecoveryPointTLI uint32
	BackupStartPoint    LSN
	BackupEndPoint      LSN
	BackupEndRequired   bool

	WALLevel             int32
	WALLogHints          bool
	MaxConnections       int32
	MaxWorkerProcesses   int32
	MaxWALSenders        int32
	MaxPreparedXacts     int32
	MaxLocksPerXact      int32
	TrackCommitTimestamp bool

	MaxAlign             uint32
	FloatFormat          uint64 // the bits of what FloatFormatValue should be
	BlockSize            uint32
	RelSegSize           uint32 // blocks per file of a relation
	WALBlockSize         uint32
	WALSegSize           uint32 // bytes
	NameDataLen          uint32
	IndexMaxKeys         uint32
	ToastMaxChunkSize    uint32
	LargeObjectBlockSize uint32
	Float8ByVal          bool
	DataChecksumVersion  uint32 // 0: pages have no checksums
	CharSigned           bool   // default_char_signedness; only 18 says it

	CRC         uint32 // as the file has it
	CRCComputed uint32 // of the bytes before it
}

// FloatFormatValue is the bits of 1234567.0 (FLOATFORMAT_VALUE), by which PostgreSQL knows its machine's floats.
const FloatFormatValue = 0x4132d68700000000

// Checkpoint is a checkpoint's record (struct CheckPoint, catalog/pg_control.h).
type Checkpoint struct {
	Redo              LSN // where recovery starts
	Timeline          uint32
	PrevTimeline      uint32
	FullPageWrites    bool
	WALLevel          int32  // from 17 on
	NextXID           uint64 // with the epoch in its upper half
	NextOID           uint32
	NextMulti         uint32
	NextMultiOffset   uint32
	OldestXID         uint32
	OldestXIDDB       uint32
	OldestMulti       uint32
	OldestMultiDB     uint32
	Time              time.Time
	OldestCommitTsXID uint32
	NewestCommitTsXID uint32
	OldestActiveXID   uint32
}

// CRCValid tells whether the file's checksum is right. What a file with a wrong one says is not to be trusted.
func (c *Control) CRCValid() bool { return c.CRC == c.CRCComputed }

// Wasm32 tells whether the layout is that of a 32-bit build with 8-byte alignment, which PGlite is: a 64-bit server
// passes float8 by value. It stands in catalogs, so that neither opens the other's directory.
func (c *Control) Wasm32() bool { return c.MaxAlign == 8 && !c.Float8ByVal }

// DecodeControl decodes a control file. It returns what the file says also if its checksum is wrong; see
// [Control.CRCValid]. Of a layout that it does not know, it returns the version numbers and the system identifier
// together with an error that wraps [ErrControl].
func DecodeControl(b []byte) (*Control, error) {
	if len(b) < 16 {
		return nil, fmt.Errorf("pgdata: decoding pg_control: %w: it has %d bytes", ErrControl, len(b))
	}
	d := &decoder{b: b}
	c := &Control{SystemIdentifier: d.u64(), Version: d.u32(), CatalogVersion: d.u32()}
	switch v := c.Version; {
	case v == ControlVersion13, v == ControlVersion17, v == ControlVersion18:
	case v%65536 == 0 && bits.ReverseBytes32(v) < 65536 && v != 0: // as PostgreSQL's own check
		return c, fmt.Errorf("pgdata: decoding pg_control: %w: it was written on a machine of the other byte order", ErrControl)
	default:
		return c, fmt.Errorf("pgdata: decoding pg_control: %w: its layout is version %d", ErrControl, v)
	}
	c.decode(d)
	if d.short {
		return nil, fmt.Errorf("pgdata: decoding pg_control: %w: it is cut off after %d bytes", ErrControl, len(b))
	}
	return c, nil
}

// decode reads what comes after the versions.
func (c *Control) decode(d *decoder) {
	c.State = DBState(d.u32())
	c.Time = pgTime(d.i64())
	c.Checkpoint = d.lsn()
	c.CheckpointCopy.decode(d)

	c.UnloggedLSN = d.lsn()
	c.MinRecoveryPoint = d.lsn()
	c.MinRecoveryPointTLI = d.u32()
	c.BackupStartPoint = d.lsn()
	c.BackupEndPoint = d.lsn()
	c.BackupEndRequired = d.bool()

	c.WALLevel = d.i32()
	c.WALLogHints = d.bool()
	c.MaxConnections = d.i32()
	c.MaxWorkerProcesses = d.i32()
	c.MaxWALSenders = d.i32()
	c.MaxPreparedXacts = d.i32()
	c.MaxLocksPerXact = d.i32()
	c.TrackCommitTimestamp = d.bool()

	c.MaxAlign = d.u32()
	c.FloatFormat = d.u64()
	c.BlockSize = d.u32()
	c.RelSegSize = d.u32()
	c.WALBlockSize = d.u32()
	c.WALSegSize = d.u32()
	c.NameDataLen = d.u32()
	c.IndexMaxKeys = d.u32()
	c.ToastMaxChunkSize = d.u32()
	c.LargeObjectBlockSize = d.u32()
	c.Float8ByVal = d.bool()
	c.DataChecksumVersion = d.u32()
	c.CharSigned = true // what 18 takes earlier versions to have been on amd64
	if c.Version >= ControlVersion18 {
		c.CharSigned = d.bool()
	}
	d.skip(32) // mock_authentication_nonce (MOCK_AUTH_NONCE_LEN)
	c.CRC = d.u32()
	if !d.short {
		c.CRCComputed = crc32c(d.b[:d.off-4])
	}
}

func (c *Checkpoint) decode(d *decoder) {
	c.Redo = d.lsn()
	c.Timeline = d.u32()
	c.PrevTimeline = d.u32()
	c.FullPageWrites = d.bool()
	c.WALLevel = d.i32() // the bytes are padding before 17
	c.NextXID = d.u64()
	c.NextOID = d.u32()
	c.NextMulti = d.u32()
	c.NextMultiOffset = d.u32()
	c.OldestXID = d.u32()
	c.OldestXIDDB = d.u32()
	c.OldestMulti = d.u32()
	c.OldestMultiDB = d.u32()
	c.Time = pgTime(d.i64())
	c.OldestCommitTsXID = d.u32()
	c.NewestCommitTsXID = d.u32()
	c.OldestActiveXID = d.u32()
}
