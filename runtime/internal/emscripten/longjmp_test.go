package emscripten

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInvokeReturnsResultsOfAllTypes(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		f32 := func(v float32) uint64 { return uint64(math.Float32bits(v)) }
		for _, tt := range []struct {
			name   string
			params []any
			want   uint64
		}{
			{"invoke_iii", []any{slotAddI, 40, 2}, 42},
			{"invoke_iii", []any{slotAddI, -40, -2}, math.MaxUint32 - 41},
			{"invoke_jjj", []any{slotAddJ, int64(1) << 40, int64(2)}, 1<<40 + 2},
			{"invoke_fff", []any{slotAddF, float32(1.5), float32(-4)}, f32(-2.5)},
			{"invoke_ddd", []any{slotAddD, 1.5, -4.0}, math.Float64bits(-2.5)},
			{"invoke_dijfd", []any{slotMixed, -1, int64(-2), float32(0.5), 0.25}, math.Float64bits(-2.25)},
			{"invoke_ii", []any{slotMemory, 0}, initialStack},
			{"invoke_vi", []any{slotStore, 7}, 0},
		} {
			got, err := w.try(tt.name, tt.params...)
			require.NoError(t, err, tt.name)
			if tt.name == "invoke_fff" {
				got = uint64(uint32(got)) // the upper half of an f32 does not matter either
			}
			require.Equal(t, tt.want, got, tt.name)
		}
		require.EqualValues(t, 7, w.Load32(600))
		require.Zero(t, w.Load32(threwCount), "nothing was thrown")
	})
}

func TestInvokeCatchesLongjmp(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for i, tt := range []struct {
			name   string
			params []any
		}{
			{"invoke_vi", []any{slotJump, 5}},
			{"invoke_iii", []any{slotJumpI, 1, 2}},
			{"invoke_jjj", []any{slotJumpJ, int64(1) << 40, int64(2)}},
			{"invoke_fff", []any{slotJumpF, float32(1), float32(2)}},
			{"invoke_ddd", []any{slotJumpD, 1.0, 2.0}},
		} {
			w.Store64(threwAddr, 0)
			sp := initialStack - 256*uint32(i)
			w.SetStackPointer(sp)
			got, err := w.try(tt.name, tt.params...)
			require.NoError(t, err, tt.name)
			require.Zero(t, got, tt.name)
			require.Equal(t, sp, w.StackPointer(), tt.name)
			require.EqualValues(t, 1, w.Load32(threwAddr), "setThrew(1, 0)")
			require.EqualValues(t, 0, w.Load32(threwAddr+4))
			require.EqualValues(t, i+1, w.Load32(threwCount))
		}
	})
}

func TestLongjmpWithoutInvoke(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		_, err := w.try("_emscripten_throw_longjmp")
		require.ErrorIs(t, err, longjmp)
		_, ok := ExitStatus(err)
		require.False(t, ok)
		require.Zero(t, w.Load32(threwCount))
	})
}

func TestInvokePassesOtherUnwindingOn(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		_, err := w.try("invoke_vi", slotTrap, 0)
		require.ErrorContains(t, err, "unreachable")
		for _, status := range []int{0, 3, -1} { // -1 looks most like a longjmp
			_, err = w.try("invoke_vi", slotExit, status)
			got, ok := ExitStatus(err)
			require.True(t, ok, "exit(%d): %v", status, err)
			require.Equal(t, status, got)
		}
		for _, slot := range []int{0, slots, -1, slotAddJ} {
			_, err = w.try("invoke_vi", slot, 0)
			require.Error(t, err, "the null slot, behind the table, another type")
		}
		require.Zero(t, w.Load32(threwCount))
		_, err = w.try("invoke_vi", slotStore, 8)
		require.NoError(t, err, "the instance stays usable")
		require.EqualValues(t, 8, w.Load32(600))
	})
}

func TestInvokeNests(t *testing.T) {
	const depth = 200
	allWays(t, func(t *testing.T, w *world) {
		for n := range uint32(3) { // the function objects of one run are those of the next
			w.SetStackPointer(initialStack)
			_, err := w.try("invoke_vi", slotDescend, depth)
			require.NoError(t, err)
			require.EqualValues(t, n+1, w.Load32(threwCount), "the innermost invoke catches")
			require.EqualValues(t, initialStack, w.StackPointer())
			require.Len(t, w.calls["dynCall_vi"].idle, depth+1)
		}
		_, err := w.try("invoke_vi", slotPropagate, depth)
		require.ErrorContains(t, err, "unreachable")
		_, err = w.try("invoke_vi", slotLeave, depth)
		status, ok := ExitStatus(err)
		require.True(t, ok)
		require.Equal(t, 7, status)
		require.EqualValues(t, 3, w.Load32(threwCount))
		require.Len(t, w.calls["dynCall_vi"].idle, depth+1)
	})
}
