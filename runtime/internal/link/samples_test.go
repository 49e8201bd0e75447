package link

// Hand-made modules that look like what Emscripten makes.

// Function indices of artifact.
const (
	artInvoke = iota
	artLog
	artStart
	artMain
	artNamed
	artCallee
	artSlot
	artLock
	artDouble
	artCheck
	artDeep
)

// Addresses in the data of artifact.
const (
	artName    = 1024
	artTable   = 1040
	artCounter = 2048
	artHeap    = 65536 + 5
)

// semaphoreFlag is the offset of what semaphoreWait waits for.
const semaphoreFlag = 74

// semaphoreWait is the loop that waitForSemaphores looks for: while the byte
// 74 behind parameter 0 is not zero, count rounds in local 1. As in the guest,
// the semaphore itself is loaded and dropped.
func semaphoreWait() []byte {
	return cat(
		op(opLoop, 0x40),
		get(0), op(opI32Load, 2, 12, opDrop),
		get(1), op(opLocalTee, 2), i32c(1), op(opI32Add, opLocalSet, 1),
		get(0), op(opI32Load8U, 0, semaphoreFlag, opBrIf, 0, opEnd),
	)
}

// artifact is a small pglite.wasm; artifactFacts describes it.
func artifact() []byte {
	lock := cat(op(1, 2, 0x7f), semaphoreWait(), get(1), op(opEnd))
	return wasm(
		custom("name", 0, 2, 1, 'm'),
		sec(secType, fn("", ""), fn("i", "i"), fn("ii", "i"), fn("", "i")),
		sec(secImport,
			imp("env", "memory", kindMemory, 1, 3, 4),
			imp("env", "invoke_ii", kindFunc, 2),
			imp("env", "log", kindFunc, 1),
		),
		sec(secFunction, leb(0), leb(1), leb(3), leb(3), leb(1), leb(1), leb(1), leb(0), leb(1)),
		sec(secTable, op(0x70, 0, 4)),
		sec(secGlobal, glob(0x7f, 1, i32x(4096)), glob(0x7f, 0, i32x(artHeap))),
		sec(secExport,
			exp("__main_argc_argv", kindFunc, artMain), exp("double", kindFunc, artDouble),
			exp("lock", kindFunc, artLock), exp("log", kindFunc, artLog), exp("check", kindFunc, artCheck), exp("deep", kindFunc, artDeep),
			exp("__stack_pointer", kindGlobal, 0), exp("__heap_base", kindGlobal, 1), exp("__indirect_function_table", kindTable, 0),
		),
		secOf(secStart, leb(artStart)),
		sec(secElement, elem(i32x(1), artDouble, artSlot, artInvoke)),
		secOf(secDataCount, leb(3)),
		sec(secCode,
			body(i32c(artCounter), i32c(0), i32c(64), op(opPrefixFC, 11, 0)),
			// main: invoke_ii(slot 2, named() + argc)
			body(i32c(2), callf(artNamed), get(0), op(opI32Add), callf(artInvoke)),
			// named: pid 42, plus what callee returns; it mentions its name.
			body(i32c(artName), op(opDrop), i32c(42), callf(artCallee), op(opI32Add)),
			// callee: ++counter
			body(i32c(artCounter), i32c(artCounter), op(opI32Load, 2, 0), i32c(1), op(opI32Add, opI32Store, 2, 0),
				i32c(artCounter), op(opI32Load, 2, 0)),
			body(get(0), callf(artLog)),
			append(leb(len(lock)), lock...),
			body(get(0), i32c(2), op(0x6c)),
			body(),
			// deep: check(); n ? deep(n - 1) : __stack_pointer
			body(callf(artCheck), get(0), op(opIf, 0x7f), get(0), i32c(-1), op(opI32Add), callf(artDeep), op(0x05), gget(0), op(opEnd)),
		),
		sec(secData,
			dat(i32x(artName), "a named\x00"),
			dat(i32x(artTable), "\x20\x04\x00\x00\x01\x00\x00\x00"), // {1056, 1}
			dat(i32x(artTable+16), "first\x00"),
		),
	)
}

func artifactFacts() facts {
	return facts{
		name: "sample",
		functions: []function{
			{name: "__main_argc_argv", index: artMain},
			{name: "named", index: artNamed, mentions: "a named", export: true},
			{name: "callee", index: artCallee, via: "named"},
			{name: "slot", index: artSlot, via: "__main_argc_argv"},
			{name: "double", index: artDouble},
			{name: "check", index: artCheck},
		},
		variables: []variable{{"counter", artCounter, "callee"}},
		tables:    []pointerTable{{"kinds", artTable, "first"}},
		patches: []patch{
			{why: "it knows its process", fn: "named", kind: replace, old: i32c(42), new: call(hookGetpid)},
			{why: "it takes its signals", fn: "callee", kind: enter, new: call(hookInterrupts)},
			{why: "the host doubles", fn: "double", kind: rebody, old: cat(op(0), get(0)), new: forward(hookSystem, 1)},
		},
		semWaits:    1,
		stackChecks: []string{"check"},
	}
}

// program is a small initdb.wasm.
func program() []byte {
	return wasm(
		sec(secType, fn("i", "i"), fn("ii", "i"), fn("iid", "")),
		sec(secImport, imp("env", "invoke_vid", kindFunc, 2), imp("wasi_snapshot_preview1", "fd_close", kindFunc, 0)),
		sec(secFunction, leb(0), leb(1), leb(0), leb(0)),
		sec(secTable, op(0x70, 0, 3)),
		sec(secMemory, op(0, 1)),
		sec(secExport, exp("pgl_system", kindFunc, 2), exp("pgl_popen", kindFunc, 3), exp("pgl_pclose", kindFunc, 4),
			exp("run", kindFunc, 5), exp("memory", kindMemory, 0)),
		sec(secElement, elem(i32x(1), 2, 5)),
		sec(secCode,
			body(op(opUnreachable)), body(op(opUnreachable)), body(op(opUnreachable)),
			// run: system(popen(n, n)) + pclose(n) + fd_close(n)
			body(get(0), get(0), callf(3), callf(2), get(0), callf(4), op(opI32Add), get(0), callf(1), op(opI32Add)),
		),
		sec(secData, dat(i32x(8), "data")),
	)
}

// Offsets in the data of library.
const (
	libPointer  = 8  // a pointer to a function, which a relocation sets
	libInternal = 16 // what the start function makes the global "internal" point to
	libBSS      = 32
	libMemory   = 64
)

func libraryDylink() []byte {
	return cat(
		secOf(dylinkMemInfo, op(libMemory, 5, 2, 0)),
		sec(dylinkNeeded, str("libother.so")),
		sec(dylinkImportInfo,
			cat(str("GOT.mem"), str("maybe"), leb(symbolBindingWeak)),
			cat(str("GOT.mem"), str("shared"), leb(0))),
	)
}

// library is a small shared library.
func library() []byte {
	const sp, memBase, tableBase, shared, maybe, callback, internal = 0, 1, 2, 3, 4, 5, 6
	based := func(base, off int) []byte { return cat(gget(base), i32c(off), op(opI32Add)) }
	return wasm(
		custom("dylink.0", libraryDylink()...),
		sec(secType, fn("", ""), fn("i", "i"), fn("ii", "i"), fn("", "i"), fn("iii", "i")),
		sec(secImport,
			imp("env", "memory", kindMemory, 0, 1),
			imp("env", "__indirect_function_table", kindTable, 0x70, 0, 0),
			imp("env", "__stack_pointer", kindGlobal, 0x7f, 1),
			imp("env", "__memory_base", kindGlobal, 0x7f, 0),
			imp("env", "__table_base", kindGlobal, 0x7f, 0),
			imp("GOT.mem", "shared", kindGlobal, 0x7f, 1),
			imp("GOT.mem", "maybe", kindGlobal, 0x7f, 1),
			imp("GOT.func", "callback", kindGlobal, 0x7f, 1),
			imp("env", "log", kindFunc, 1),
			imp("env", "invoke_iii", kindFunc, 4),
			imp("env", "missing", kindFunc, 0),
		),
		sec(secFunction, leb(0), leb(0), leb(3), leb(2), leb(2), leb(3), leb(1), leb(3), leb(3)),
		sec(secGlobal, glob(0x7f, 1, i32x(0)), glob(0x7f, 0, i32x(0)), glob(0x7f, 0, i32x(libBSS))),
		sec(secExport,
			exp("__wasm_apply_data_relocs", kindFunc, 4), exp("message", kindFunc, 5), exp("add", kindFunc, 6),
			exp("through_pointer", kindFunc, 7), exp("load_shared", kindFunc, 8), exp("call_back", kindFunc, 9),
			exp("internal", kindFunc, 10), exp("address_of_maybe", kindFunc, 11),
			exp("greeting", kindGlobal, 7), exp("buffer", kindGlobal, 8),
		),
		secOf(secStart, leb(3)),
		sec(secElement, elem(ggetx(tableBase), 6, 5)),
		secOf(secDataCount, leb(1)),
		sec(secCode,
			body(based(memBase, libInternal), gset(internal),
				based(memBase, libBSS), i32c(0), i32c(32), op(opPrefixFC, 11, 0),
				gget(memBase), i32c(0), op(opI32Store, 2, libBSS)),
			body(gget(memBase), gget(tableBase), op(opI32Store, 2, libPointer)),
			body(gget(memBase)),
			body(get(0), get(1), op(opI32Add)),
			body(get(0), get(1), gget(memBase), op(opI32Load, 2, libPointer), callType(2)),
			body(gget(shared), op(opI32Load, 2, 0)),
			body(get(0), gget(callback), callType(1)),
			body(gget(internal)),
			body(gget(maybe)),
		),
		sec(secData, dat(ggetx(memBase), "hi!\x00")),
	)
}

// Offsets in the data of tool.
const (
	toolText    = 0
	toolPointer = 8 // a relocation makes it point to toolText
	toolMemory  = 32
)

// tool is a small pg_dump.wasm: a program that can be placed anywhere.
func tool() []byte {
	const sp, memBase, tableBase, heapBase, own = 0, 1, 2, 3, 4
	based := func(off int) []byte { return cat(gget(memBase), i32c(off), op(opI32Add)) }
	return wasm(
		custom("dylink.0", secOf(dylinkMemInfo, op(toolMemory, 4, 2, 0))...),
		sec(secType, fn("", ""), fn("i", "i"), fn("iiii", "i"), fn("", "i"), fn("ii", "i")),
		sec(secImport,
			imp("env", "memory", kindMemory, 1, 64, 128, 1),
			imp("env", "__indirect_function_table", kindTable, 0x70, 0, 2),
			imp("env", "__stack_pointer", kindGlobal, 0x7f, 1),
			imp("env", "__memory_base", kindGlobal, 0x7f, 0),
			imp("env", "__table_base", kindGlobal, 0x7f, 0),
			imp("GOT.mem", "__heap_base", kindGlobal, 0x7f, 1),
			imp("env", "invoke_ii", kindFunc, 4),
			imp("env", "exit", kindFunc, 1),
		),
		sec(secFunction, leb(0), leb(0), leb(2), leb(2), leb(3), leb(1), leb(3), leb(3)),
		sec(secGlobal, glob(0x7f, 1, i32x(0)), glob(0x7f, 0, ggetx(memBase))),
		sec(secExport,
			exp("__wasm_apply_data_relocs", kindFunc, 3), exp("pgl_recv", kindFunc, 4), exp("pgl_send", kindFunc, 5),
			exp("text", kindFunc, 6), exp("count", kindFunc, 7), exp("heap", kindFunc, 8), exp("own", kindFunc, 9),
		),
		secOf(secStart, leb(2)),
		sec(secElement, elem(ggetx(tableBase), 7, 4)),
		secOf(secDataCount, leb(1)),
		sec(secCode,
			body(based(toolPointer), gset(own)), // what the start function is for: addresses
			body(based(toolPointer), based(toolText), op(opI32Store, 2, 0)),
			body(op(opUnreachable)), body(op(opUnreachable)),
			body(gget(own), op(opI32Load, 2, 0)), // text: *pointer
			// count: while (n) n--, and the table's function 0 is itself
			body(op(opLoop, 0x40), get(0), op(opIf, 0x40), get(0), i32c(1), op(opI32Sub, opLocalSet, 0, opBr, 1, opEnd, opEnd),
				gget(tableBase)),
			body(gget(heapBase)),
			body(gget(5)),
		),
		sec(secData, dat(ggetx(memBase), "hello\x00")),
	)
}
