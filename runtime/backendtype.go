package runtime

// backendType is PostgreSQL's BackendType (PostgreSQL 18, miscadmin.h): the
// kinds of processes, by the numbers that the guest has for them.
type backendType uint32

const (
	bInvalid backendType = iota
	bBackend
	bDeadEndBackend
	bAutovacLauncher
	bAutovacWorker
	bBgWorker
	bWalSender
	bSlotsyncWorker
	bStandaloneBackend
	bArchiver
	bBgWriter
	bCheckpointer
	bIOWorker
	bStartup
	bWalReceiver
	bWalSummarizer
	bWalWriter
	bLogger
)

var backendNames = map[backendType]string{
	bBackend:         "client backend",
	bDeadEndBackend:  "dead-end client backend",
	bAutovacLauncher: "autovacuum launcher",
	bAutovacWorker:   "autovacuum worker",
	bBgWorker:        "background worker",
	bArchiver:        "archiver",
	bBgWriter:        "background writer",
	bCheckpointer:    "checkpointer",
	bStartup:         "startup",
	bWalSummarizer:   "walsummarizer",
	bWalWriter:       "walwriter",
}

func (t backendType) String() string { return backendNames[t] }

// Offsets in an element of child_process_kinds (launch_backend.c).
const (
	childKindSize = 12
	childKindMain = 4
)
