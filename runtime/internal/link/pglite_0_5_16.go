package link

import "slices"

// artifacts are the builds of pglite.wasm that Main can link.
var artifacts = []facts{pglite0516}

// The hooks, in the order in which the linked module imports them.
const (
	hookForkPoint = hookBase + iota
	hookPoll
	hookInterrupts
	hookKill
	hookGetpid
	hookSemWait
	hookNanosleep
	hookRecv
	hookSend
	hookSystem
	hookPopen
	hookPclose
	hookCheckpoint
	hookZero
	hookCollationVersion

	hookClient
	hookClientCert
	hookCertAuth
	hookHBACert
	hookPeer
	hookEncryption
	hookAuthorized
	hookSSLStatus
	hookGetifaddrs
	hookScramMechanisms
	hookScramMechanism
	hookScramUnbound
	hookScramBinding
)

var hooks = []hook{
	{"fork_point", "", ""},           // the postmaster is about to start its children
	{"poll", "iij", "i"},             // poll(2) of a WaitEventSet: set, timeout in ms, minus the start in ns
	{"interrupts", "", ""},           // entry of ProcessInterrupts
	{"kill", "ii", "i"},              // kill(2): pid, signal
	{"getpid", "", "i"},              // getpid(2)
	{"sem_wait", "i", ""},            // the address of the flag that an LWLock's waiter waits to be 0
	{"nanosleep", "ii", "i"},         // nanosleep(2)
	{"recv", "iiii", "i"},            // recv(2) on the client's socket
	{"send", "iiii", "i"},            // send(2) on the client's socket
	{"system", "i", "i"},             // system(3)
	{"popen", "ii", "i"},             // popen(3)
	{"pclose", "i", "i"},             // pclose(3)
	{"request_checkpoint", "i", "i"}, // RequestCheckpoint: flags; false if the caller has to do it
	{"zero", "ii", ""},               // memset(address, 0, length) of what mmap(2) maps
	{"collation_version", "ii", ""},  // the locale of a collation of ICU's, and its UVersionInfo

	{"client", "", ""},            // the start of InitPostgres
	{"client_cert", "i", "i"},     // Port: true if no certificate can be asked for; reports what is wrong with one
	{"cert_auth", "ii", "i"},      // CheckCertAuth: Port, status so far; the status
	{"hba_cert", "iiii", ""},      // a line with the method cert is not hostssl: level, address of the message, line, file
	{"peer", "i", "i"},            // auth_peer: Port; the status
	{"encryption", "", "i"},       // "no encryption" or "SSL encryption"
	{"authorized", "i", ""},       // completes the StringInfo of what log_connections says
	{"ssl_status", "i", "i"},      // completes a PgBackendStatus; true for TLS
	{"getifaddrs", "i", "i"},      // getifaddrs(3)
	{"scram_mechanisms", "i", ""}, // adds to the StringInfo of what is offered
	{"scram_mechanism", "i", "i"}, // a name: 0 without channel binding, 1 with, 2 is neither
	{"scram_unbound", "", ""},     // the client says that it was not offered channel binding
	{"scram_binding", "i", ""},    // compares the client's channel binding data
}

// call encodes a call of a function or hook.
func call(f uint32) []byte { return appendU32([]byte{opCall}, f) }

// load encodes the i32 load of the variable at an address.
func load(address uint32) []byte {
	return append(appendS64([]byte{opI32Const}, int64(int32(address))), opI32Load, 2, 0)
}

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

// forward encodes a call of f with the first n parameters of the function.
func forward(f uint32, n byte) []byte {
	var b []byte
	for i := range n {
		b = append(b, opLocalGet, i)
	}
	return append(b, call(f)...)
}

// pglite0516 describes pglite.wasm of @electric-sql/pglite 0.5.16: PostgreSQL
// 18.6, Emscripten 6.0.13.
var pglite0516 = facts{
	name:   "pglite.wasm 0.5.16",
	sha256: "5256d9ac379f631355f41ab30291e6a6d9f854242b5ee2a2d0940e28041d3fca",
	functions: slices.Concat([]function{
		// The postmaster, its children and its bookkeeping.
		{name: "__main_argc_argv", index: 3687},
		{name: "InitStandaloneProcess", index: 10086, mentions: "InitStandaloneProcess", export: true},
		{name: "BackendMain", index: 5783, mentions: "connection received: host=%s port=%s"},
		{name: "AssignPostmasterChildSlot", index: 4581, mentions: "AssignPostmasterChildSlot", export: true},
		{name: "ReleasePostmasterChildSlot", index: 4582, mentions: "ReleasePostmasterChildSlot", export: true},
		{name: "InitProcess", index: 5692, mentions: "InitProcess"},
		{name: "RegisterPostmasterChildActive", index: 5467, via: "InitProcess"},
		{name: "proc_exit", index: 5442, mentions: "proc_exit", export: true},
		{name: "proc_exit_prepare", index: 5443, via: "proc_exit"},
		{name: "check_on_shmem_exit_lists_are_empty", index: 5450, mentions: "check_on_shmem_exit_lists_are_empty"},
		{name: "ProcKill", index: 5693, mentions: "ProcKill"},
		{name: "AuxiliaryProcKill", index: 5695, mentions: "AuxiliaryProcKill"},
		{name: "standard_ProcessUtility", index: 5860},
		{name: "RequestCheckpoint", index: 4564, via: "standard_ProcessUtility"},
		{name: "CreateCheckPoint", index: 1401, mentions: "CreateCheckPoint"},
		{name: "AbsorbSyncRequests", index: 4561, via: "CreateCheckPoint"},
		{name: "check_stack_depth", index: 10296},
		{name: "ShowTransactionStateRec", index: 1306, mentions: "ShowTransactionStateRec"},
		{name: "stack_is_too_deep", index: 10297, via: "ShowTransactionStateRec"},
		{name: "pg_encoding_max_length", index: 10857},
		// Waiting, signals and the client.
		{name: "WaitEventSetWait", index: 5573, mentions: "WaitEventSetWaitBlock"},
		{name: "ProcessInterrupts", index: 5803},
		{name: "nanosleep", index: 13504},
		{name: "mmap", index: 13501},
		{name: "kill", index: 13473, via: "ProcKill"},
		{name: "raise", index: 13524, via: "kill", export: true},
		{name: "pqsignal_be", index: 10909},
		{name: "wrapper_handler", index: 10910, via: "pqsignal_be"},
		{name: "PostgresMainLoopOnce", index: 5831},
		{name: "pg_newlocale_from_collation", index: 8264},
		{name: "get_collation_actual_version_icu", index: 8285, via: "pg_newlocale_from_collation"},
		{name: "pgl_system", index: 10933},
		{name: "pgl_popen", index: 10935},
		{name: "pgl_pclose", index: 10937},
		{name: "pgl_recv", index: 10950},
		{name: "pgl_send", index: 10951},
	}, clientFunctions),
	variables: slices.Concat([]variable{
		{"before_shmem_exit_index", 2796912, "check_on_shmem_exit_lists_are_empty"},
		{"on_shmem_exit_index", 2797088, "check_on_shmem_exit_lists_are_empty"},
		{"on_proc_exit_index", 2797264, "proc_exit_prepare"},
		{"MyClientSocket", 2875632, "BackendMain"},
		{"MyPMChildSlot", 2875680, "RegisterPostmasterChildActive"},
		{"NumListenSockets", 2789276, "__main_argc_argv"},
		{"CheckpointerShmem", 2788816, "AbsorbSyncRequests"},
		{"send_ready_for_query", 2964949, "PostgresMainLoopOnce"},
		{"PMSignalState", 2797456, "RegisterPostmasterChildActive"},
		{"pg_wchar_table", 2731008, "pg_encoding_max_length"},
	}, clientVariables),
	tables: slices.Concat([]pointerTable{
		// child_process_kinds: {name, main_fn, shmem_attach} per BackendType.
		{name: "child_process_kinds", address: 2592096, first: "invalid"},
	}, clientTables),
	patches: slices.Concat([]patch{
		{
			why: "main stops where the postmaster would fork its first child",
			fn:  "__main_argc_argv", kind: replace,
			old: cat(call(4592), load(2789284)), // maybe_adjust_io_workers(); if (!CheckpointerPMChild
			new: cat(call(hookForkPoint), load(2789284)),
		},
		{
			// Emscripten inlined pgl_poll, which answers that every event is
			// ready: (drop set->pollfds; rc = set->nevents). Parameter 1 is the
			// timeout, local 13 minus the start time.
			why: "WaitEventSetWait waits in the host",
			fn:  "WaitEventSetWait", kind: replace,
			old: []byte{opLocalGet, 0, opI32Load, 2, 28, opDrop, opBlock, 0x40, opLocalGet, 0, opI32Load, 2, 4, opLocalTee, 4},
			new: cat([]byte{opBlock, 0x40, opLocalGet, 0, opLocalGet, 1, opLocalGet, 13}, call(hookPoll), []byte{opLocalTee, 4}),
		},
		{
			why: "a process gives way and takes its signals where PostgreSQL handles interrupts",
			fn:  "ProcessInterrupts", kind: enter,
			new: call(hookInterrupts),
		},
		{why: "sleep does not burn a core", fn: "nanosleep", kind: rebody, old: []byte{3, 4, 0x7c}, new: forward(hookNanosleep, 2)},
		{
			why: "signals reach other processes",
			fn:  "kill", kind: rebody,
			old: []byte{0, opLocalGet, 0, opI32Const, 42, opI32Eq},
			new: forward(hookKill, 2),
		},
		{
			// memset(address, 0, length); the call's own index follows.
			why: "mapping anonymous memory does not touch it", fn: "mmap", kind: replace,
			old: cat([]byte{opLocalGet, 4, opI32Const, 0, opLocalGet, 6}, call(13376), []byte{opDrop}),
			new: cat([]byte{opLocalGet, 4, opLocalGet, 6}, call(hookZero)),
		},
		{
			// mmap rounds the length up to 16 bytes and appends its own notes,
			// of 40 bytes: memalign(65536, (tee local 6 (length + 15 & -16)) + 40).
			why: "what mmap maps has whole pages of 64 KiB to itself", fn: "mmap", kind: replace,
			old: cat([]byte{opLocalGet, 1, opI32Const, 15, opI32Add, opI32Const}, appendS64(nil, -16), []byte{opI32And, opLocalTee, 6, opI32Const, 40}),
			new: cat([]byte{opLocalGet, 1, opI32Const}, appendS64(nil, 65535), []byte{opI32Add, opI32Const}, appendS64(nil, -65536), []byte{opI32And, opLocalTee, 6, opI32Const, 40}),
		},
		// getpid() is the constant 42 and inlined.
		{why: "proc_exit knows its process", fn: "proc_exit", kind: replace, old: []byte{opI32Const, 42, opI32Eq}, new: cat(call(hookGetpid), []byte{opI32Eq})},
		{why: "ProcKill knows its process", fn: "ProcKill", kind: replace, old: []byte{opI32Const, 42, opI32Eq}, new: cat(call(hookGetpid), []byte{opI32Eq})},
		{why: "AuxiliaryProcKill knows its process", fn: "AuxiliaryProcKill", kind: replace, old: []byte{opI32Const, 42, opI32Eq}, new: cat(call(hookGetpid), []byte{opI32Eq})},
		{why: "signal handlers know their process", fn: "wrapper_handler", kind: replace, old: []byte{opI32Const, 42, opI32Ne}, new: cat(call(hookGetpid), []byte{opI32Ne})},
		{
			// PGlite has the process that asks for a checkpoint do it.
			why: "the checkpointer does the checkpoints", fn: "RequestCheckpoint", kind: enter,
			new: cat([]byte{opLocalGet, 0}, call(hookCheckpoint), []byte{opIf, 0x40, opReturn, opEnd}),
		},
		{
			// collator = pg_ucol_open(locale); collator->getVersion(version); the locale, parameter 0, gives its place to the
			// collator, and local 1 is free.
			why: "collations whose attributes PGlite ignores have a version of their own", fn: "get_collation_actual_version_icu", kind: replace,
			old: cat([]byte{opLocalGet, 0}, call(8281), []byte{opLocalTee, 0, opLocalGet, 4, opI32Const, 28, opI32Add,
				opLocalGet, 0, opI32Load, 2, 0, opI32Load, 2}, appendU32(nil, 88), []byte{opCallIndirect, 4, 0}),
			new: cat([]byte{opLocalGet, 0, opLocalTee, 1}, call(8281), []byte{opLocalTee, 0, opLocalGet, 4, opI32Const, 28, opI32Add,
				opLocalGet, 0, opI32Load, 2, 0, opI32Load, 2}, appendU32(nil, 88), []byte{opCallIndirect, 4, 0,
				opLocalGet, 1, opLocalGet, 4, opI32Const, 28, opI32Add}, call(hookCollationVersion)),
		},
		// PGlite's own seams, which call function pointers that JavaScript sets.
		{why: "the client is a socket of the host", fn: "pgl_recv", kind: rebody, old: []byte{0, opLocalGet, 1, opLocalGet, 2}, new: forward(hookRecv, 4)},
		{why: "the client is a socket of the host", fn: "pgl_send", kind: rebody, old: []byte{0, opLocalGet, 1, opLocalGet, 2}, new: forward(hookSend, 4)},
		{why: "the host answers for the shell", fn: "pgl_system", kind: rebody, new: forward(hookSystem, 1)},
		{why: "the host answers for the shell", fn: "pgl_popen", kind: rebody, new: forward(hookPopen, 2)},
		{why: "the host answers for the shell", fn: "pgl_pclose", kind: rebody, new: forward(hookPclose, 1)},
	}, clientPatches),
	semWaits: 6,

	interruptPending: 2875472, // as exported
	interruptChecks:  466,
	stackChecks:      []string{"check_stack_depth", "stack_is_too_deep"},
	// STACK_TOO_DEEP(re) of the regular expression engine: ((struct fns *) re->re_fns)->stack_too_deep(), with re_fns at
	// offset 28, stack_too_deep at 4, and the type () -> i32, which is 10.
	stackPointer:  []byte{opI32Load, 2, 28, opI32Load, 2, 4, opCallIndirect, 10, 0},
	stackPointers: 19,
}
