package link

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// legacyFacts are what calf knows about the PostgreSQL of an earlier PGlite.
// Such an artifact will never change, so its functions are just numbered.
type legacyFacts struct {
	name   string
	sha256 string

	memory uint32 // where its data go: PGlite's choice
	stack  uint32 // bytes

	patches []legacyPatch
	exports map[string]uint32 // functions that the linked module exports as well

	interruptPending string // the exported variable
	stackCheck       string // the exported function that recursive functions call
	stackBase        uint32 // where the variable that StackBase exports is, from memory on
}

// StackBase is the export, of an earlier PostgreSQL, of the address of a
// variable: where the stack is measured from. PGlite left it 0, so that no
// recursion is too deep.
const StackBase = "stack_base_ptr"

// A legacyPatch is a patch of the function with this index.
type legacyPatch struct {
	index uint32
	patch
}

// legacyStack is the size of the shadow stack: that of PGlite 0.4. PGlite 0.2
// has half of it, with a max_stack_depth that is as large.
const legacyStack = 8 << 20

var legacyArtifacts = []legacyFacts{postgres0217, pglite046}

// postgres0217 describes postgres.wasm of @electric-sql/pglite 0.2.17:
// PostgreSQL 16.4, Emscripten 3.1.74.
//
// Its client writes a message to low memory, calls interactive_one and reads
// the answer from behind the message. An answer that is larger than that
// memory is lost. What is below takes the messages from where PostgreSQL would
// take them, the client's socket.
var postgres0217 = legacyFacts{
	name:   "postgres.wasm 0.2.17",
	sha256: "545a6e035b7cef40b0feaf912477616ceb43d0334efb0251a3dd8a652e8a58a3",
	memory: 16 << 20,
	stack:  legacyStack,
	patches: []legacyPatch{
		{1220, patch{
			why: "the client is a socket of the host", fn: "secure_read", kind: rebody,
			new: cat([]byte{opI32Const, 0, opLocalGet, 1, opLocalGet, 2, opI32Const, 0}, call(hookRecv)),
		}},
		{1256, patch{
			// if (cma_rsize) PqRecvBuffer = (char *) 1
			why: "messages do not come through low memory", fn: "pq_startmsgread", kind: replace,
			old: []byte{opGlobalGet, 0xf1, 1, opI32Load, 2, 0, opLocalTee, 1, opIf, 0x40},
			new: []byte{opI32Const, 0, opLocalTee, 1, opIf, 0x40},
		}},
		{1261, patch{
			why: "the client is a socket of the host", fn: "internal_putbytes", kind: rebody,
			new: cat([]byte{opI32Const, 0, opLocalGet, 0, opLocalGet, 1, opI32Const, 0}, call(hookSend), []byte{opDrop}),
		}},
		{7774, patch{why: "the host can stop it", fn: "ProcessInterrupts", kind: enter, new: call(hookInterrupts)}},
	},
	exports:          map[string]uint32{"main_post": 2534, "AsyncPostgresSingleUserMain": 7801},
	interruptPending: "InterruptPending",
	stackCheck:       "check_stack_depth",
	stackBase:        2070828,
}

// pglite046 describes pglite.wasm of @electric-sql/pglite 0.4.6: PostgreSQL
// 17.5, Emscripten 3.1.74. It has the seams of 0.5.
var pglite046 = legacyFacts{
	name:   "pglite.wasm 0.4.6",
	sha256: "3270dc38b2aeb1bfd0f57a54a36a7f13fccd34176241ef2d0ac7f6f40572f0b7",
	memory: 1024,
	stack:  legacyStack,
	patches: []legacyPatch{
		{10510, patch{why: "the client is a socket of the host", fn: "pgl_recv", kind: rebody, new: forward(hookRecv, 4)}},
		{10511, patch{why: "the client is a socket of the host", fn: "pgl_send", kind: rebody, new: forward(hookSend, 4)}},
		{10493, patch{why: "the host answers for the shell", fn: "pgl_system", kind: rebody, new: forward(hookSystem, 1)}},
		{10495, patch{why: "the host answers for the shell", fn: "pgl_popen", kind: rebody, new: forward(hookPopen, 2)}},
		{10497, patch{why: "the host answers for the shell", fn: "pgl_pclose", kind: rebody, new: forward(hookPclose, 1)}},
		{5509, patch{why: "the host can stop it", fn: "ProcessInterrupts", kind: enter, new: call(hookInterrupts)}},
	},
	interruptPending: "InterruptPending",
	stackCheck:       "check_stack_depth",
	stackBase:        2786908,
}

// Legacy links the PostgreSQL of an earlier PGlite. It refuses an artifact
// whose SHA-256 it does not know. The module's data stay in the module.
func Legacy(artifact []byte) (*Linked, error) {
	sum := sha256.Sum256(artifact)
	digest := hex.EncodeToString(sum[:])
	for i := range legacyArtifacts {
		if f := &legacyArtifacts[i]; f.sha256 == digest {
			l, err := f.link(artifact)
			if err != nil {
				return nil, fmt.Errorf("link: %s: %w", f.name, err)
			}
			return l, nil
		}
	}
	return nil, fmt.Errorf("link: no facts about an artifact with sha256 %s", digest)
}

func (f *legacyFacts) link(artifact []byte) (*Linked, error) {
	m, err := parse(artifact)
	if err != nil {
		return nil, err
	}
	for i := range f.patches {
		p := &f.patches[i]
		body, err := m.body(p.index)
		if err != nil {
			return nil, fmt.Errorf("patch %q: %w", p.why, err)
		}
		if *body, err = p.apply(*body); err != nil {
			return nil, fmt.Errorf("patch %q in %s: %w", p.why, p.fn, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.exports)) {
		m.exports = append(m.exports, exported{name, kindFunc, f.exports[name]})
	}
	m.exports = append(m.exports, exported{StackBase, kindGlobal, m.importCount(kindGlobal) + uint32(len(m.globals))})
	m.globals = append(m.globals, global{[]byte{valueTypes['i'], 0}, append(appendS64([]byte{opI32Const}, int64(f.stackBase)), opEnd)})
	if err := m.settle(f.memory, f.stack); err != nil {
		return nil, err
	}
	if err := m.ownMemory(); err != nil {
		return nil, err
	}
	if err := f.interruptible(m); err != nil {
		return nil, err
	}
	check, ok := m.export(kindFunc, f.stackCheck)
	if !ok {
		return nil, fmt.Errorf("no function %s", f.stackCheck)
	}
	if _, err := m.padStack([]uint32{check}, nil); err != nil {
		return nil, err
	}
	return m.linked(nil)
}

// interruptible makes a settled module check for interrupts as Main's do.
func (f *legacyFacts) interruptible(m *module) error {
	g, ok := m.export(kindGlobal, f.interruptPending)
	if !ok {
		return fmt.Errorf("no variable %s", f.interruptPending)
	}
	init := reader{b: m.globals[g].init, pos: 1} // settle left no imported globals
	if m.countInterrupts(uint32(init.s64())) == 0 {
		return errors.New("nothing checks for interrupts")
	}
	return nil
}
