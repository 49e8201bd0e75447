package link

// What a backend knows of its client, in pglite.wasm of 0.5.16. The build has
// no OpenSSL, and system calls that tell nothing of a socket: TLS ends in the
// host, which knows addresses and certificates. The patches ask it where other
// builds have code for that.

var clientFunctions = []function{
	{name: "load_hba", index: 3610, mentions: "load_hba", export: true},
	{name: "load_ident", index: 3614, via: "__main_argc_argv", export: true},
	{name: "check_usermap", index: 3612, mentions: "check_usermap", export: true},
	{name: "set_authn_id", index: 3567, mentions: "set_authn_id", export: true},
	{name: "parse_hba_line", index: 3608, mentions: "parse_hba_line"},
	{name: "scram_get_mechanisms", index: 3560, mentions: "SCRAM-SHA-256"},
	{name: "scram_init", index: 3561, mentions: "scram_init"},
	{name: "scram_exchange", index: 3563, mentions: "scram_exchange"},
	{name: "InitPostgres", index: 10118, mentions: "InitPostgres"},
	{name: "CreateOrAttachShmemStructs", index: 5453, mentions: "Backend Status Array"},
	{name: "CalculateShmemSize", index: 5452, via: "CreateOrAttachShmemStructs"},
}

var clientVariables = []variable{
	{"HbaFileName", 2879648, "load_hba"},
	{"IdentFileName", 2879652, "load_ident"},
	{"BackendStatusArray", 2804708, "CreateOrAttachShmemStructs"},
	{"MaxBackends", 2875568, "CreateOrAttachShmemStructs"},
}

// clientTables are the structs of configuration parameters, whose
// first field is the name.
var clientTables = []pointerTable{
	{name: "config_ssl", address: 2627848, first: "ssl"},
	{name: "config_port", address: 2642384, first: "port"},
	{name: "config_listen_addresses", address: 2666864, first: "listen_addresses"},
	{name: "config_unix_socket_directories", address: 2666744, first: "unix_socket_directories"},
}

const opI32Store8 = 0x3a

// SizeofSSLStatus is the size of PgBackendSSLStatus (backend_status.h).
const SizeofSSLStatus = 4 + 5*64

var clientPatches = []patch{
	{
		why: "there is room in shared memory for what pg_stat_ssl shows", fn: "CalculateShmemSize", kind: replace,
		old: appendS64([]byte{opI32Const}, 408), // sizeof(PgBackendStatus), which is multiplied by the number of backends
		new: appendS64([]byte{opI32Const}, 408+SizeofSSLStatus),
	},
	{
		// Parameter 0 is the HbaLine's list of tokens, local 6 the line, with conntype at offset 12: ctHostSSL is 2.
		why: "hostssl lines can match", fn: "parse_hba_line", kind: replace,
		old: []byte{opI32Const, 2, opI32Store, 2, 12, opLocalGet, 1, opI32Const, 0},
		new: []byte{opI32Const, 2, opI32Store, 2, 12, opBr, 5, opLocalGet, 1, opI32Const, 0},
	},
	{
		// if (strcmp(token, "cert") == 0) goto unsupported. Local 11 becomes auth_method, of which uaCert is 12; parameter 1
		// is the level of errors, local 14 the address of err_msg, 17 and 16 the number of the line and the name of the file.
		why: "the method cert is there", fn: "parse_hba_line", kind: replace,
		old: cat(appendS64([]byte{opI32Const}, 75669), call(13559), []byte{opI32Eqz, opBrIf, 0}),
		new: cat(appendS64([]byte{opI32Const}, 75669), call(13559), []byte{
			opI32Eqz, opIf, 0x40,
			opLocalGet, 6, opI32Load, 2, 12, opI32Const, 2, opI32Eq, opIf, 0x40, opI32Const, 12, opLocalSet, 11, opBr, 4, opEnd,
			opLocalGet, 1, opLocalGet, 14, opLocalGet, 17, opLocalGet, 16,
		}, call(hookHBACert), []byte{opI32Const, 0, opLocalSet, 9, opBr, 6, opEnd}),
	},
	{why: "a backend knows its client", fn: "InitPostgres", kind: enter, new: call(hookClient)},
	{
		// port->hba->clientcert != clientCertOff; local 8 is the Port.
		why: "clients' certificates can be asked for", fn: "InitPostgres", kind: replace,
		old: []byte{opI32Load, 2, 0xe4, 2, opI32Eqz, opIf, 0x40},
		new: cat([]byte{opDrop, opLocalGet, 8}, call(hookClientCert), []byte{opI32Eqz, opIf, 0x40}),
	},
	{
		// Behind the switch over the methods: if (Log_connections & ... && status == STATUS_OK ...). Local 15 is the status.
		why: "clients' certificates name them", fn: "InitPostgres", kind: replace,
		old: certAuth,
		new: cat([]byte{opLocalGet, 8, opLocalGet, 15}, call(hookCertAuth), []byte{opLocalSet, 15}, certAuth),
	},
	{
		why: "a refusal says whether the connection was encrypted", fn: "InitPostgres", kind: replace, times: 4,
		old: appendS64([]byte{opI32Const}, 231463), // "no encryption"
		new: call(hookEncryption),
	},
	{
		// if (errstart(LOG)) errmsg_internal("%s", logmsg.data); logmsg is at local 10 + 432.
		why: "log_connections tells of TLS", fn: "InitPostgres", kind: replace,
		old: authorized,
		new: cat([]byte{opLocalGet, 10}, appendS64([]byte{opI32Const}, 432), []byte{opI32Add}, call(hookAuthorized), authorized),
	},
	{
		// Emscripten inlined getsockopt and getpwuid_r, which fail with ENOENT. What follows reports that.
		why: "peer authentication asks the host", fn: "InitPostgres", kind: replace,
		old: []byte{opLocalGet, 6, opI32Load, 2, 0x90, 9, opDrop},
		new: cat([]byte{opLocalGet, 8}, call(hookPeer), []byte{opLocalSet, 15, opBr, 8}),
	},
	{
		// getifaddrs asks a netlink socket: local 17 is where the list goes, and the block's value is getifaddrs's.
		why: "samehost and samenet know the host's addresses", fn: "InitPostgres", kind: replace,
		old: cat([]byte{opI32Const, 0x7f, opI32Const, 16}, appendS64([]byte{opI32Const}, 524291), []byte{opI32Const, 0}, call(13751),
			[]byte{opLocalTee, 14, opI32Const, 0, opI32LtS, opBrIf, 0}),
		new: cat([]byte{opLocalGet, 17}, call(hookGetifaddrs), []byte{opBr, 0}),
	},
	{
		// beentry->st_ssl = false in pgstat_bestart_security; local 2 is the entry.
		why: "pg_stat_ssl tells of TLS", fn: "InitPostgres", kind: replace,
		old: []byte{opLocalGet, 2, opI32Const, 0, opI32Store8, 0, 0xc0, 1},
		new: cat([]byte{opLocalGet, 2, opLocalGet, 2}, call(hookSSLStatus), []byte{opI32Store8, 0, 0xc0, 1}),
	},
	{
		why: "SCRAM-SHA-256-PLUS is offered", fn: "scram_get_mechanisms", kind: enter,
		new: cat([]byte{opLocalGet, 1}, call(hookScramMechanisms)),
	},
	{
		// if (strcmp(selected_mech, "SCRAM-SHA-256") == 0) state->channel_binding_in_use = false; local 3 is the state.
		why: "SCRAM-SHA-256-PLUS can be chosen", fn: "scram_init", kind: replace,
		old: cat(call(13559), []byte{opI32Eqz, opIf, 0x40, opLocalGet, 3, opI32Const, 0, opI32Store8, 0, 12}),
		new: cat([]byte{opDrop}, call(hookScramMechanism), []byte{
			opLocalTee, 1, opI32Const, 2, opI32Ne, opIf, 0x40, opLocalGet, 3, opLocalGet, 1, opI32Store8, 0, 12,
		}),
	},
	{
		// case 'y': if (state->channel_binding_in_use) ...; p++; if (*p != ',') ...
		why: "nobody in between hides that channel binding is offered", fn: "scram_exchange", kind: replace,
		old: []byte{opBrIf, 14, opLocalGet, 6, opI32Load8U, 0, 1, opI32Const, 44, opI32Ne, opBrIf, 15},
		new: cat([]byte{opBrIf, 14}, call(hookScramUnbound), []byte{opLocalGet, 6, opI32Load8U, 0, 1, opI32Const, 44, opI32Ne, opBrIf, 15}),
	},
	{
		// if (state->channel_binding_in_use) elog(ERROR); block { if (strcmp(channel_binding, "biws") == 0 ... }
		why: "the channel binding is checked", fn: "scram_exchange", kind: replace,
		old: cat([]byte{opLocalGet, 0, opI32Load8U, 0, 12, opI32Const, 1, opI32Eq, opBrIf, 16, opBlock, 0x40}, biws),
		new: cat([]byte{opBlock, 0x40, opLocalGet, 0, opI32Load8U, 0, 12, opIf, 0x40, opLocalGet, 6}, call(hookScramBinding), []byte{opBr, 1, opEnd}, biws),
	},
}

var (
	certAuth = cat([]byte{opBlock, 0x40}, appendS64([]byte{opI32Const}, 2804356),
		[]byte{opI32Load8U, 0, 0, opI32Const, 2, opI32And, opI32Eqz, opBrIf, 0, opLocalGet, 15, opBrIf, 0})
	authorized = cat([]byte{opI32Const, 15, opI32Const, 0}, call(9929),
		[]byte{opIf, 0x40, opLocalGet, 10, opLocalGet, 10, opI32Load, 2, 0xb0, 3})
	biws = cat([]byte{opLocalGet, 6}, appendS64([]byte{opI32Const}, 104078))
)
