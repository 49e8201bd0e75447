package emscripten

import (
	"time"

	"github.com/calfdb/calf/runtime/vfs"
)

func init() {
	define("emscripten_date_now", func(g *Guest, a args) {
		a.setF64(float64(time.Now().UnixMicro()) / 1e3)
	})
	define("emscripten_get_now", func(g *Guest, a args) {
		a.setF64(float64(g.Monotonic()) / 1e6)
	})
	define("clock_time_get", func(g *Guest, a args) {
		switch a.u32(0) {
		case 0: // CLOCK_REALTIME
			g.Store64(a.u32(2), uint64(time.Now().UnixNano()))
		case 1: // CLOCK_MONOTONIC
			g.Store64(a.u32(2), uint64(g.Monotonic()))
		default:
			a.set(uint32(vfs.EINVAL))
			return
		}
		a.set(0)
	})
	define("_setitimer_js", func(g *Guest, a args) {
		if a.i32(0) != 0 { // only ITIMER_REAL: there is no clock of CPU time
			a.set(neg(vfs.EINVAL))
			return
		}
		g.Kernel.SetTimer(time.Duration(a.f64(1) * float64(time.Millisecond)))
		a.set(0)
	})
	define("_tzset_js", func(g *Guest, a args) {
		// The guest's zone is UTC (TZ=UTC); PostgreSQL has zones of its own.
		g.Store32(a.u32(0), 0)
		g.Store32(a.u32(1), 0)
		copy(g.Bytes(a.u32(2), 4), "UTC\x00")
		copy(g.Bytes(a.u32(3), 4), "UTC\x00")
	})
	for _, name := range []string{"_gmtime_js", "_localtime_js"} {
		define(name, func(g *Guest, a args) {
			if g.putTm(a.u32(1), a.i64(0)) {
				a.set(0)
			} else {
				a.set(1) // EOVERFLOW, to the C library
			}
		})
	}
	define("_mktime_js", func(g *Guest, a args) {
		p := a.u32(0)
		f := func(i uint32) int { return int(int32(g.Load32(p + 4*i))) }
		t := time.Date(f(5)+1900, time.Month(f(4)+1), f(3), f(2), f(1), f(0), 0, time.UTC).Unix()
		if !g.putTm(p, t) {
			t = -1
		}
		a[0] = uint64(t)
	})
}

// Monotonic returns the time of the guest's CLOCK_MONOTONIC. All guests of a
// Go process have the same, because forked ones compare times with those of
// their parents.
func (g *Guest) Monotonic() time.Duration { return time.Since(epoch) }

var epoch = time.Now()

// putTm fills a struct tm (sec, min, hour, mday, mon, year, wday, yday,
// isdst, gmtoff) with the UTC time of t. It reports whether the year fits.
func (g *Guest) putTm(p uint32, t int64) bool {
	u := time.Unix(t, 0).UTC()
	year := u.Year() - 1900
	if int(int32(year)) != year {
		return false
	}
	for i, v := range [...]int{u.Second(), u.Minute(), u.Hour(), u.Day(), int(u.Month()) - 1,
		year, int(u.Weekday()), u.YearDay() - 1, 0, 0} {
		g.Store32(p+4*uint32(i), uint32(v))
	}
	return true
}
