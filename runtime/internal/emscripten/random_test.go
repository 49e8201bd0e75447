package emscripten

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

// TestRandomArgumentsHarmNobody calls everything with parameters that may or
// may not make sense. A call returns or fails, and the next one works.
func TestRandomArgumentsHarmNobody(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		names := slices.Sorted(maps.Keys(abi))
		const seed = 20
		rnd := rand.New(rand.NewPCG(seed, seed))
		w.FS = vfs.New(vfs.Options{MaxBytes: 4 << 20})
		w.prepareRandom()
		paths := []uint32{w.NewString("/tmp"), w.NewString("x"), w.NewString("/tmp/x"), w.NewString(""), w.NewString("..")}
		word := func() uint64 {
			switch rnd.IntN(6) {
			case 0:
				return uint64(rnd.IntN(8))
			case 1:
				return 1<<32 + cwd
			case 2:
				return uint64(paths[rnd.IntN(len(paths))])
			case 3:
				return uint64(rnd.IntN(len(w.Mem.Bytes())))
			case 4:
				return uint64(len(w.Mem.Bytes()) - rnd.IntN(16))
			}
			return uint64(rnd.Uint32())
		}
		for range 100 {
			for _, name := range names {
				if name == "emscripten_resize_heap" || name == "_mmap_js" {
					continue // they use as much memory as they are told to
				}
				types, _, _ := strings.Cut(abi[name], ":")
				params := make([]any, len(types))
				for i := range params {
					params[i] = word()
					if types[i] != 'i' && rnd.IntN(2) == 0 {
						params[i] = rnd.Uint64()
					}
				}
				_, _ = w.do(name, params...)
			}
			w.SetStackPointer(initialStack)
		}
		r, err := w.Call("add", 1, 2)
		require.NoError(t, err)
		require.EqualValues(t, 3, r)
	})
}

// prepareRandom makes a file and a directory and opens them.
func (w *world) prepareRandom() {
	w.Files.CloseAll()
	require.NoError(w.t, w.FS.WriteFile("/tmp/x", []byte("0123456789"), 0o644))
	for _, path := range []string{"/dev/null", "/tmp/x", "/tmp", "/dev/stdin"} {
		flags := vfs.O_RDWR
		if path == "/tmp" {
			flags = vfs.O_RDONLY
		}
		require.GreaterOrEqual(w.t, w.open(path, flags), 0)
	}
}
