package emscripten

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

func TestCallNests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		r, err := w.Call("through_host", 100)
		require.NoError(t, err)
		require.EqualValues(t, 100, r)
		require.Len(t, w.calls["through_host"].idle, 101)
	}
	_, err := w.Call("unreachable")
	require.ErrorContains(t, err, "unreachable")
	_, err = w.Call("unreachable")
	require.ErrorContains(t, err, "unreachable")
	require.Len(t, w.calls["unreachable"].idle, 1, "a function object survives a trap")
}

func TestCallOfAMissingFunctionIsABug(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.PanicsWithValue(t, "BUG: the guest does not export nothing", func() { _, _ = w.Call("nothing") })
}

func TestAttach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NotNil(t, w.Module())
	require.EqualValues(t, constantValue, w.Address("a_variable"))
	require.Zero(t, w.Address("nothing"))
	require.EqualValues(t, initialStack, w.StackPointer())
	w.SetStackPointer(0x7000)
	require.EqualValues(t, 0x7000, w.StackPointer())
	r, err := w.Call("call_invoke_ii", slotMemory, 0)
	require.NoError(t, err)
	require.EqualValues(t, 0x7000, r, "it is the guest's own")
	w.SetUmask(0o1777)
	require.EqualValues(t, 0o777, w.Umask())
}

func TestLibrariesAreCallable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := &testModule{}
	m.add("add", "ii:i", 0, i32c(-1)) // the program's own comes first
	m.add("only_here", ":i", 0, i32c(33))
	types := [][]byte{cat(op(0x60), letters("ii"), letters("i")), cat(op(0x60), letters(""), letters("i"))}
	bin := cat([]byte("\x00asm\x01\x00\x00\x00"), section(1, vector(types...)), section(3, vector(leb(0), leb(1))),
		section(7, vector(m.exports...)), section(10, vector(m.code...)))
	lib, err := compiler().rt.InstantiateWithConfig(t.Context(), bin, wazero.NewModuleConfig().WithName(""))
	require.NoError(t, err)
	defer lib.Close(context.Background())
	require.Panics(t, func() { _, _ = w.Call("only_here") })
	w.AddLibrary(lib)
	r, err := w.Call("only_here")
	require.NoError(t, err)
	require.EqualValues(t, 33, r)
	r, err = w.Call("add", 1, 2)
	require.NoError(t, err)
	require.EqualValues(t, 3, r)
}

func TestMemoryAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	end := uint32(len(w.Mem.Bytes()))
	w.Store64(8, 0x1122334455667788)
	require.EqualValues(t, 0x1122334455667788, w.Load64(8))
	require.EqualValues(t, 0x55667788, w.Load32(8), "little-endian")
	w.Store32(12, 0xffffffff)
	require.Equal(t, uint64(0xffffffff55667788), w.Load64(8))
	p := w.NewString("héllo")
	require.Equal(t, "héllo", w.CString(p))
	require.Empty(t, w.CString(w.NewString("")))
	require.Len(t, w.Bytes(end, 0), 0)
	require.Equal(t, 4, cap(w.Bytes(16, 4)), "who appends does not write to the guest")

	w.Bytes(end-1, 1)[0] = 1 // no string ends there
	for name, f := range map[string]func(){
		"bytes that end behind it":   func() { w.Bytes(end-1, 2) },
		"bytes that begin behind it": func() { w.Bytes(end+1, 0) },
		"bytes that wrap around":     func() { w.Bytes(0xffffffff, 2) },
		"all bytes":                  func() { w.Bytes(1, 0xffffffff) },
		"a string without an end":    func() { w.CString(end - 1) },
		"a string behind it":         func() { w.CString(end) },
		"a string far behind it":     func() { w.CString(0xffffffff) },
		"a word":                     func() { w.Load32(end - 3) },
		"a far word":                 func() { w.Load32(0xffffffff) },
		"a long word":                func() { w.Load64(end - 7) },
		"writing a word":             func() { w.Store32(end-3, 0) },
		"writing a long word":        func() { w.Store64(end-7, 0) },
	} {
		require.Panics(t, f, name)
	}
	require.EqualValues(t, 1, w.Bytes(end-1, 1)[0], "what failed wrote nothing")
}

func TestMallocFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.PanicsWithError(t, "out of memory", func() { w.Malloc(1<<30 + 1) })
	p, q := w.Malloc(1), w.Malloc(0)
	require.NotZero(t, p)
	require.NotEqual(t, p, q)
}

func TestAllocatingGrowsWhatTheGuestSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Malloc(100 << 20)
	w.Bytes(p, 100<<20)[100<<20-1] = 9
	require.EqualValues(t, len(w.Mem.Bytes()), w.Module().Memory().Size())
	b, ok := w.Module().Memory().ReadByte(p + 100<<20 - 1)
	require.True(t, ok)
	require.EqualValues(t, 9, b)
}

func TestGuestIsAContextWithoutEnd(t *testing.T) {
	t.Parallel()
	g := &Guest{}
	_, ok := g.Deadline()
	require.False(t, ok)
	require.Nil(t, g.Done())
	require.NoError(t, g.Err())
	require.Nil(t, g.Value("key"))
}
