package emscripten

import (
	"errors"
	"fmt"
	"time"

	"github.com/calfdb/calf/runtime/vfs"
)

// kernel notes what it is told.
type kernel struct {
	timer  []time.Duration
	opened []string
	cut    []int64
	sleeps []time.Duration
	left   time.Duration
	loaded []uint32
	load   bool
	symbol uint32
	asked  []string
	mapped [][2]uint32
	refuse error
}

func (k *kernel) Outside(f func())                    { f() }
func (k *kernel) SetTimer(d time.Duration)            { k.timer = append(k.timer, d) }
func (k *kernel) Cut(n int64)                         { k.cut = append(k.cut, n) }
func (k *kernel) Opened(path string)                  { k.opened = append(k.opened, path) }
func (k *kernel) Sleep(d time.Duration) time.Duration { k.sleeps = append(k.sleeps, d); return k.left }
func (k *kernel) DlOpen(handle uint32) bool           { k.loaded = append(k.loaded, handle); return k.load }

func (k *kernel) DlSym(handle uint32, name string) (uint32, bool) {
	k.asked = append(k.asked, fmt.Sprintf("%d %s", handle, name))
	return k.symbol, k.symbol != 0
}

func (k *kernel) Mapped(_ *vfs.File, addr, length uint32) error {
	k.mapped = append(k.mapped, [2]uint32{addr, length})
	return k.refuse
}

var errRefused = errors.New("refused")
