package inspect

import "time"

// Info is what [Inspect] found. As JSON it is meant for other programs; fields may be added.
type Info struct {
	Path      string `json:"path"`
	Container string `json:"container"` // directory, tar, tar.gz or file
	Kind      Kind   `json:"kind"`
	// Summary is one sentence for people.
	Summary string `json:"summary"`
	// Root is the folder of the data directory in the directory or archive, if it is not at the top.
	Root string `json:"root,omitempty"`
	// Size is that of the archive in bytes, or of all files of a directory; Files is how many there are.
	Size  int64 `json:"size"`
	Files int   `json:"files"`

	// PostgreSQL is the major version, and OpenedBy what can open the directory: "calf", "PGlite 0.5".
	PostgreSQL int      `json:"postgresql,omitempty"`
	OpenedBy   []string `json:"opened_by,omitempty"`
	// Clean tells that PostgreSQL was shut down, so that nothing has to be recovered.
	Clean bool `json:"clean"`
	// Recovers tells that opening the directory recovers it: the write-ahead log goes on after the last checkpoint.
	// What Info says of databases, relations and rows is what they are after that, because Inspect applies the log in
	// memory; sizes and numbers of pages are those of the files.
	Recovers bool `json:"recovers"`
	// Stale tells that not all of the log could be applied, so that what Info says may be older in parts.
	Stale bool `json:"stale"`
	// InUse tells that a program has the directory open now.
	InUse bool `json:"in_use"`

	Control     *Control     `json:"control,omitempty"`
	WAL         *WAL         `json:"wal,omitempty"`
	Databases   []Database   `json:"databases,omitempty"`
	Roles       []Role       `json:"roles,omitempty"`       // that were made after initdb, and the superuser
	Tablespaces []Tablespace `json:"tablespaces,omitempty"` // that were made after initdb
	Config      Config       `json:"config"`
	Leftovers   []Leftover   `json:"leftovers,omitempty"`
	// Verified is nil unless it was asked for.
	Verified *Verified `json:"verified,omitempty"`

	// Problems are what is damaged, missing or not understood; ProblemsOmitted is how many more there are.
	Problems        []Problem `json:"problems,omitempty"`
	ProblemsOmitted int       `json:"problems_omitted,omitempty"`
}

// Role is a role.
type Role struct {
	OID       uint32 `json:"oid"`
	Name      string `json:"name"`
	Superuser bool   `json:"superuser"`
	Login     bool   `json:"login"`
}

// Tablespace is a tablespace. Its files are outside of the directory, and not read, if Target says where.
type Tablespace struct {
	OID    uint32 `json:"oid"`
	Name   string `json:"name"`
	Target string `json:"target,omitempty"`
}

// Leftover is a file that a running or an interrupted program left.
type Leftover struct {
	File    string `json:"file"`
	Meaning string `json:"meaning"`
}

// Database is a database of the cluster.
type Database struct {
	OID            uint32 `json:"oid"`
	Name           string `json:"name"`
	Owner          string `json:"owner"`
	Encoding       string `json:"encoding"`
	LocaleProvider string `json:"locale_provider"` // libc, icu or builtin
	Collate        string `json:"collate"`
	CType          string `json:"ctype"`
	Locale         string `json:"locale,omitempty"` // of icu and builtin
	Template       bool   `json:"template"`
	AllowConn      bool   `json:"allow_connections"`
	Size           int64  `json:"size"` // of its files

	Extensions []Extension `json:"extensions,omitempty"`
	Relations  []Relation  `json:"relations,omitempty"`
	// SystemRelations are those that every database has, and which Relations leaves out unless asked for them.
	SystemRelations int   `json:"system_relations"`
	SystemSize      int64 `json:"system_size"`
	// Unclaimed are files that no relation in the catalogs has: of relations that only the write-ahead log knows, or
	// of transactions that a crash ended.
	Unclaimed []File `json:"unclaimed,omitempty"`
}

// Extension is an extension that CREATE EXTENSION has made.
type Extension struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Schema  string `json:"schema"`
}

// File is a file.
type File struct {
	File string `json:"file"`
	Size int64  `json:"size"`
}

// Relation is a table or what pg_class has beside tables.
type Relation struct {
	OID    uint32 `json:"oid"`
	Schema string `json:"schema"`
	Name   string `json:"name"`
	// Kind is table, index, sequence, toast table, view, materialized view, composite type, foreign table, partitioned
	// table or partitioned index.
	Kind string `json:"kind"`
	// Of is the table that an index or a toast table belongs to.
	Of          string `json:"of,omitempty"`
	Persistence string `json:"persistence"` // permanent, unlogged or temporary
	Partition   bool   `json:"partition,omitempty"`
	// Filenode is the number in the names of its files; 0 if it has none.
	Filenode uint32 `json:"filenode,omitempty"`
	// Pages is how many blocks of 8 KiB the main fork has, and Forks the sizes of all forks in bytes: main, fsm, vm, init.
	Pages int64            `json:"pages"`
	Forks map[string]int64 `json:"forks,omitempty"`
	// CatalogTuples is reltuples: what the last VACUUM or ANALYZE found, or -1. PGlite runs neither by itself.
	CatalogTuples float64 `json:"catalog_tuples"`
	// Tuples are the rows in its pages; nil if it has none of its own.
	Tuples *Tuples `json:"tuples,omitempty"`
}

// Tuples are rows, counted in the pages. Unless all pages were looked at, they are extrapolated from some that are
// evenly spread. A table of up to 128 pages is always counted.
type Tuples struct {
	Live int64 `json:"live"` // what a query would return
	Dead int64 `json:"dead"` // what VACUUM would remove
	// Uncertain are those of which no file says whether they were committed.
	Uncertain int64 `json:"uncertain,omitempty"`
	Exact     bool  `json:"exact"`
}

// Verified is what the options' Verify found. The blocks that are bad are among the Problems.
type Verified struct {
	// Checksums tells that the cluster has checksums and they were compared. Without, only page headers are.
	Checksums bool  `json:"checksums"`
	Files     int   `json:"files"`
	Blocks    int64 `json:"blocks"`
	Zero      int64 `json:"zero"` // blocks of zeros, which PostgreSQL takes for new ones
	Bad       int64 `json:"bad"`
}

// Problem is something that is wrong. Fields that do not apply are empty.
type Problem struct {
	// Kind is one of
	//	archive     the archive is cut off or damaged
	//	limit       there is more than Inspect reads
	//	link        a link or a special file, which is not followed
	//	version     PG_VERSION is missing, damaged or contradicts the control file
	//	control     the control file is missing or damaged
	//	map         a map of file numbers is missing or damaged
	//	catalog     a catalog could not be read or contradicts another
	//	missing     a relation's file is not there, or a part of it
	//	page        a block that PostgreSQL would refuse, or a part of one
	//	checksum    a block whose checksum is wrong
	//	wal         the write-ahead log that recovery needs is not there
	//	config      a configuration file that PostgreSQL would refuse
	//	unreadable  the operating system refused to read a file
	Kind     string  `json:"kind"`
	Text     string  `json:"text"`
	File     string  `json:"file,omitempty"`
	Database string  `json:"database,omitempty"`
	Relation string  `json:"relation,omitempty"` // with its schema
	Fork     string  `json:"fork,omitempty"`
	Block    *uint32 `json:"block,omitempty"` // in the fork, over all its files
}

// Control is the content of global/pg_control.
type Control struct {
	Version          uint32     `json:"version"`
	CatalogVersion   uint32     `json:"catalog_version"`
	SystemIdentifier uint64     `json:"system_identifier,string"`
	CRCValid         bool       `json:"crc_valid"`
	State            string     `json:"state"` // in pg_controldata's words: shut down, in production, ...
	Modified         time.Time  `json:"modified"`
	Checkpoint       Checkpoint `json:"checkpoint"`
	// Positions in the write-ahead log are written as in SQL: 0/16B3748.
	MinRecoveryPoint  string `json:"min_recovery_point,omitempty"`
	BackupStart       string `json:"backup_start,omitempty"`
	BackupEnd         string `json:"backup_end,omitempty"`
	BackupEndRequired bool   `json:"backup_end_required,omitempty"`
	WALLevel          string `json:"wal_level"`
	// ChecksumVersion is 0 if pages have no checksums.
	ChecksumVersion uint32 `json:"checksum_version"`
	// MaxAlign and Float8ByVal tell PGlite's 32-bit layout (8, false) from that of a 64-bit server (8, true).
	MaxAlign         uint32 `json:"max_align"`
	Float8ByVal      bool   `json:"float8_by_val"`
	FloatFormatValid bool   `json:"float_format_valid"`
	BlockSize        uint32 `json:"block_size"`
	BlocksPerSegment uint32 `json:"blocks_per_segment"`
	WALBlockSize     uint32 `json:"wal_block_size"`
	WALSegmentSize   uint32 `json:"wal_segment_size"`
	NameDataLen      uint32 `json:"name_data_len"`
	IndexMaxKeys     uint32 `json:"index_max_keys"`
	ToastMaxChunk    uint32 `json:"toast_max_chunk_size"`
	LargeObjectBlock uint32 `json:"large_object_block_size"`
	CharSigned       bool   `json:"char_signed"`
	// Settings are those that recovery needs to know.
	MaxConnections       int32 `json:"max_connections"`
	MaxWorkerProcesses   int32 `json:"max_worker_processes"`
	MaxWALSenders        int32 `json:"max_wal_senders"`
	MaxPreparedXacts     int32 `json:"max_prepared_transactions"`
	MaxLocksPerXact      int32 `json:"max_locks_per_transaction"`
	WALLogHints          bool  `json:"wal_log_hints"`
	TrackCommitTimestamp bool  `json:"track_commit_timestamp"`
}

// Checkpoint is the last checkpoint.
type Checkpoint struct {
	Location        string    `json:"location"` // of its record
	Redo            string    `json:"redo"`     // where recovery starts
	Time            time.Time `json:"time"`
	Timeline        uint32    `json:"timeline"`
	PrevTimeline    uint32    `json:"prev_timeline"`
	FullPageWrites  bool      `json:"full_page_writes"`
	NextXID         uint64    `json:"next_xid"` // with its epoch
	NextOID         uint32    `json:"next_oid"`
	NextMulti       uint32    `json:"next_multi"`
	NextMultiOffset uint32    `json:"next_multi_offset"`
	OldestXID       uint32    `json:"oldest_xid"`
	OldestXIDDB     uint32    `json:"oldest_xid_db"`
	OldestActiveXID uint32    `json:"oldest_active_xid"`
	OldestMulti     uint32    `json:"oldest_multi"`
	OldestMultiDB   uint32    `json:"oldest_multi_db"`
}

// WAL is what pg_wal holds. The log is followed from where recovery would start, record by record, as far as
// checksums agree.
type WAL struct {
	SegmentSize uint32 `json:"segment_size"`
	Segments    int    `json:"segments"`
	// First and Last are the names of the segments of the lowest and the highest number. PostgreSQL makes segments in
	// advance, so that the log may end long before the last.
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
	// Redo is where recovery starts, and End where the log ends. RedoPresent tells that there is a valid record at Redo,
	// and CheckpointPresent that the one of the last checkpoint is there.
	Redo              string `json:"redo"`
	End               string `json:"end"`
	RedoPresent       bool   `json:"redo_present"`
	CheckpointPresent bool   `json:"checkpoint_present"`
	// Replay is how many bytes recovery would read, Records how many records, and Commits how many transactions these
	// commit, the last one at LastCommit. All are 0 after a clean shutdown.
	Replay     int64      `json:"replay"`
	Records    uint64     `json:"records"`
	Commits    uint64     `json:"commits"`
	LastCommit *time.Time `json:"last_commit,omitempty"`
	// Stopped says what was found at End.
	Stopped string `json:"stopped,omitempty"`
}

// Config is the configuration in which the directory differs from what initdb writes.
type Config struct {
	Settings []Setting `json:"settings,omitempty"`
	// HBA are the rules of pg_hba.conf, if they are not those that PGlite writes, which trust every local client.
	HBA []string `json:"hba,omitempty"`
}

// Setting is a parameter that a configuration file sets.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Default is what initdb writes, or what the file says in a comment; empty if neither is known.
	Default string `json:"default,omitempty"`
	File    string `json:"file"`
	Line    int    `json:"line"`
}
