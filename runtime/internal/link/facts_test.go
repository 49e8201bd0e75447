package link

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinkRefusesWhatTheFactsDoNotDescribe(t *testing.T) {
	t.Parallel()
	fact := func(name string, change func(*function)) func(*facts) {
		return func(f *facts) {
			change(&f.functions[slices.IndexFunc(f.functions, func(fn function) bool { return fn.name == name })])
		}
	}
	for _, tt := range []struct {
		name, err string
		change    func(*facts)
	}{
		{
			"another string", `function named: function 4 does not mention "another"`,
			fact("named", func(fn *function) { fn.mentions = "another" }),
		},
		{
			"a string of another function", `function named: function 5 does not mention "a named"`,
			fact("named", func(fn *function) { fn.index = artCallee }),
		},
		{"a prefix of a string", `does not mention "a name"`, fact("named", func(fn *function) { fn.mentions = "a name" })},
		{"the end of a string", `does not mention "named"`, fact("named", func(fn *function) { fn.mentions = "named" })},
		{"another caller", "function callee: double does not use function 5", func(f *facts) {
			f.functions[2], f.functions[4] = f.functions[4], f.functions[2]
			f.functions[4].via = "double"
		}},
		{
			"a caller that is not known yet", "function callee: module does not define function 0",
			fact("callee", func(fn *function) { fn.via = "double" }),
		},
		{
			"a function that is not in the table", "function slot: __main_argc_argv does not use function 7",
			fact("slot", func(fn *function) { fn.index = artLock }),
		},
		{
			"another export", "function double: function 6 is not exported under this name",
			fact("double", func(fn *function) { fn.index = artSlot }),
		},
		{
			"no export", "function twice: function 8 is not exported under this name",
			fact("double", func(fn *function) { fn.name = "twice" }),
		},
		{"an import", "function double: module does not define function 1", fact("double", func(fn *function) { fn.index = artLog })},
		{
			"an index behind the last", "function double: module does not define function 11",
			fact("double", func(fn *function) { fn.index = artDeep + 1 }),
		},
		{"another address", "variable counter: callee does not mention address 2052", func(f *facts) { f.variables[0].address += 4 }},
		{
			"a variable of another function", "variable counter: double does not mention",
			func(f *facts) { f.variables[0].in = "double" },
		},
		{
			"a variable of no function", "variable counter: module does not define function 0",
			func(f *facts) { f.variables[0].in = "nobody" },
		},
		{"another table", `table kinds: nothing at address 1044 points to "first"`, func(f *facts) { f.tables[0].address += 4 }},
		{
			"a table of others", `table kinds: nothing at address 1040 points to "second"`,
			func(f *facts) { f.tables[0].first = "second" },
		},
		{"a table behind the data", "table kinds: address 1059 is outside the data", func(f *facts) { f.tables[0].address += 19 }},
		{
			"another patch", `patch "it knows its process" in named: bytes to patch occur 0 times`,
			func(f *facts) { f.patches[0].old = i32c(43) },
		},
		{
			"a patch of nothing", `patch "it knows its process": module does not define function 0`,
			func(f *facts) { f.patches[0].fn = "nobody" },
		},
		{"a stack check of no function", `stack check: no function "nobody"`, func(f *facts) { f.stackChecks = []string{"nobody"} }},
		{"a stack check by pointer that is not there", "found 0 stack checks by pointer, not 1", func(f *facts) { f.stackPointers = 1 }},
		{"more waits", "found 1 semaphore waits, not 2", func(f *facts) { f.semWaits = 2 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := artifactFacts()
			tt.change(&f)
			_, err := f.link(artifact(), false)
			require.ErrorContains(t, err, tt.err)
		})
	}
}

func TestLinkRefusesOtherModules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, err string
		change    func(*module)
	}{
		{"data at a base", "data segment without a constant address", func(m *module) { m.data[0].offset = ggetx(0) }},
		{
			"a start function that does more", "start function does more than clear memory",
			func(m *module) { m.code[0] = cat(op(0), gget(0), gset(0), op(opEnd)) },
		},
		{"a start function that calls", "in the start function", func(m *module) { m.code[0] = cat(op(0), callf(artLog), op(opEnd)) }},
		{"its own memory", "imports no memory", func(m *module) { m.imports = m.imports[1:] }},
		{"no end of what is not the heap", "no constant __heap_base", func(m *module) { m.globals[1].init = ggetx(0) }},
		{"a heap outside of the memory", "memory of 3 pages with a heap at 196609", func(m *module) { m.globals[1].init = i32x(3<<16 + 1) }},
		{"a table with a maximum", "without a maximum", func(m *module) { m.tables[0] = op(0x70, 1, 4, 4) }},
		{"code that is not understood", "function 8: at offset", func(m *module) { m.code[artDouble-artStart] = op(0, 0xff) }},
		{
			"an invoke function without an index", "import invoke_ii: first parameter",
			func(m *module) { m.imports[1].typ = m.typeIndex(signature("", "")) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := decode(t, artifact())
			tt.change(m)
			f := artifactFacts()
			if strings.Contains(tt.name, "code") { // nothing else is to look at it
				f.functions = slices.Delete(f.functions, 4, 5)
				f.patches = f.patches[:2]
			}
			_, err := f.link(m.encode(), false)
			require.ErrorContains(t, err, tt.err)
		})
	}
	f := artifactFacts()
	_, err := f.link([]byte("no module"), false)
	require.ErrorContains(t, err, "not a WebAssembly 1.0 binary")
}
