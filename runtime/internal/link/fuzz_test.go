package link

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// truncations adds a seed and its beginnings.
func truncations(f *testing.F, b []byte) {
	for n := 0; n < len(b); n += 1 + len(b)/32 {
		f.Add(b[:n])
	}
	f.Add(b)
}

// FuzzParse feeds any bytes to parse, and what it accepts to all rewrites.
func FuzzParse(f *testing.F) {
	for _, bin := range samples() {
		truncations(f, bin)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil {
			return
		}
		out := m.encode()
		require.LessOrEqual(t, len(out), len(b)+16)
		requireStable(t, m)

		// Each may fail. What succeeds leaves a module that can be read.
		for _, rewrite := range []func(*module) error{
			func(m *module) error { return m.addImports("calf", hooks) },
			func(m *module) error { return m.addDynCalls() },
			func(m *module) error { _, err := m.padStack([]uint32{0}, nil); return err },
			func(m *module) error { return m.ownMemory() },
			func(m *module) error { m.waitForSemaphores(); return nil },
			func(m *module) error { _, err := m.takeStart(); return err },
			func(m *module) error { _, err := m.liftData(); return err },
			func(m *module) error { _, err := m.fillTable(); return err },
		} {
			m, err := parse(b)
			require.NoError(t, err)
			if rewrite(m) == nil {
				again, err := parse(m.encode())
				require.NoError(t, err)
				require.Equal(t, len(m.code), len(again.code))
			}
		}
		for _, im := range m.functionImports() {
			require.Less(t, len(im.Name), len(b))
		}
	})
}

// FuzzMain links any artifact with the facts of the sample.
func FuzzMain(f *testing.F) {
	f.Add(artifact())
	f.Fuzz(func(t *testing.T, b []byte) {
		facts := artifactFacts()
		l, err := facts.link(b, false)
		if err != nil {
			return
		}
		again, err := facts.link(b, false)
		require.NoError(t, err)
		require.True(t, bytes.Equal(l.Wasm, again.Wasm))
		_, err = parse(l.Wasm)
		require.NoError(t, err)
	})
}

// FuzzSide links any library.
func FuzzSide(f *testing.F) {
	truncations(f, library())
	for _, bin := range samples() {
		f.Add(append(bin, custom("dylink.0", libraryDylink()...)...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Side(b, provided)
		if err != nil {
			return
		}
		require.LessOrEqual(t, l.MemSize, uint32(maxData))
		require.LessOrEqual(t, l.MemAlign, uint32(1<<maxAlign))
		require.LessOrEqual(t, len(l.Data), int(l.MemSize))
		for name, slot := range l.Functions {
			require.Lessf(t, slot, l.TableSize, name)
		}
		again, err := Side(b, provided)
		require.NoError(t, err)
		require.True(t, bytes.Equal(l.Wasm, again.Wasm))
	})
}

// FuzzDylink reads any section dylink.0.
func FuzzDylink(f *testing.F) {
	truncations(f, libraryDylink())
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDylink(b)
		if err != nil {
			return
		}
		require.LessOrEqual(t, d.memSize, uint32(maxData))
		require.LessOrEqual(t, max(d.memAlign, d.tableAlign), uint32(maxAlign))
		require.LessOrEqual(t, len(d.needed)+len(d.weak), len(b))
	})
}

// FuzzRemap renumbers any function body there and back.
func FuzzRemap(f *testing.F) {
	for _, bin := range samples() {
		m, err := parse(bin)
		require.NoError(f, err)
		for _, c := range m.code {
			f.Add(c)
		}
	}
	for _, in := range instructions {
		f.Add(cat(op(1, 1, 0x7f), in, callf(3), gget(200), op(opEnd)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		by := func(n uint32) func(uint32) uint32 { return func(i uint32) uint32 { return i + n } }
		same, err := remap(b, by(0), by(0))
		if err != nil {
			return
		}
		unchanged, err := remap(b, nil, nil)
		require.NoError(t, err)
		require.Equal(t, b, unchanged)
		there, err := remap(b, by(1000), by(1<<31))
		require.NoError(t, err)
		back, err := remap(there, by(^uint32(999)), by(1<<31))
		require.NoError(t, err)
		require.Equal(t, same, back)
		onlyFuncs, err := remap(b, by(1000), nil)
		require.NoError(t, err)
		both, err := remap(onlyFuncs, nil, by(1<<31))
		require.NoError(t, err)
		require.Equal(t, there, both)
	})
}
