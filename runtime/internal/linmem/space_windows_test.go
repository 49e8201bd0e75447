package linmem_test

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"
)

// It is not parallel to tests that have handles of their own.
func TestClosedMemoriesLeaveNoHandles(t *testing.T) {
	if err := linmem.CopyOnWrite(); errors.Is(err, linmem.ErrUnsupported) {
		t.Skip(err)
	}
	before := handles(t)
	for range 30 {
		m, err := linmem.New(limit)
		require.NoError(t, err)
		m.Reallocate(10 * page)
		m.Reallocate(20 * page)
		m.Zero(page, 18*page)
		im, err := m.Freeze([]linmem.Range{{Off: 5 * page, Len: 5 * page}})
		require.NoError(t, err)
		c, err := im.Clone(limit)
		require.NoError(t, err)
		seg, err := c.NewSegment(make([]byte, 2*page))
		require.NoError(t, err)
		c.Reallocate(22 * page)
		require.NoError(t, c.Map(19*page, seg))
		_, err = c.Refreeze()
		require.NoError(t, err)
		m.Close()
		c.Close()
		seg.Close()
	}
	require.LessOrEqual(t, handles(t), before+9) // the runtime may open some
}

// handles returns how many handles are open, more or less.
func handles(t *testing.T) int {
	t.Helper()
	var n uint32
	ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessHandleCount").
		Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&n)))
	require.NotZero(t, ok, err)
	if n > 0 {
		return int(n)
	}
	// Wine does not count, but gives out the lowest that are free.
	const many = 500
	last := windows.Handle(0)
	for range many {
		h, err := windows.CreateEvent(nil, 0, 0, nil)
		require.NoError(t, err)
		defer windows.CloseHandle(h)
		last = max(last, h)
	}
	return int(last)/4 - many
}
