package emscripten

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

func TestClocks(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const realtime, monotonic = 0, 1
		p := w.space(8)
		start, mono := time.Now(), w.Monotonic()
		require.Zero(t, w.sys("clock_time_get", realtime, int64(1), p))
		now := time.Unix(0, int64(w.Load64(p)))
		require.False(t, now.Before(start.Round(0)))
		require.False(t, now.After(time.Now().Round(0)))
		require.Zero(t, w.sys("clock_time_get", monotonic, int64(1), p))
		require.GreaterOrEqual(t, time.Duration(w.Load64(p)), mono)
		require.LessOrEqual(t, time.Duration(w.Load64(p)), w.Monotonic())
		w.untouched(p + 8)
		for _, id := range []int{2, 3, 4, -1, 1 << 20} {
			before := w.Load64(p)
			w.fails(vfs.EINVAL, "clock_time_get", id, int64(1), p)
			require.Equal(t, before, w.Load64(p))
		}
	})
}

func TestNow(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		now := func(name string) float64 {
			v, err := w.try(name)
			require.NoError(t, err)
			return math.Float64frombits(v)
		}
		start := float64(time.Now().UnixMicro()) / 1e3
		date := now("emscripten_date_now")
		require.GreaterOrEqual(t, date, start, "milliseconds since 1970")
		require.LessOrEqual(t, date, float64(time.Now().UnixMicro())/1e3)
		mono := float64(w.Monotonic()) / 1e6
		since := now("emscripten_get_now")
		require.GreaterOrEqual(t, since, mono)
		require.LessOrEqual(t, since, float64(w.Monotonic())/1e6)
	})
}

func TestSetitimer(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		require.Zero(t, w.sys("_setitimer_js", 0, 1500.25))
		require.Zero(t, w.sys("_setitimer_js", 0, 0.0))
		require.Equal(t, []time.Duration{1500250 * time.Microsecond, 0}, w.kernel.timer)
		for _, which := range []int{1, 2, -1} {
			w.fails(vfs.EINVAL, "_setitimer_js", which, 5.0)
		}
		require.Len(t, w.kernel.timer, 2)
	})
}

func TestTzset(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		zone, daylight, std, dst := w.space(4), w.space(4), w.space(4), w.space(4)
		w.sys("_tzset_js", zone, daylight, std, dst)
		require.Zero(t, w.Load32(zone))
		require.Zero(t, w.Load32(daylight))
		require.Equal(t, "UTC", w.CString(std))
		require.Equal(t, "UTC", w.CString(dst))
		for _, p := range []uint32{zone, daylight, std, dst} {
			w.untouched(p + 4)
		}
	})
}

// tm are the fields of struct tm: sec, min, hour, mday, mon, year, wday, yday,
// isdst, gmtoff.
type tm [10]int

func (w *world) tm(p uint32) (v tm) {
	for i := range v {
		v[i] = int(int32(w.Load32(p + 4*uint32(i))))
	}
	return v
}

var times = []struct {
	t  int64
	tm tm
}{
	{0, tm{0, 0, 0, 1, 0, 70, 4, 0}},
	{-1, tm{59, 59, 23, 31, 11, 69, 3, 364}},
	{951782400, tm{0, 0, 0, 29, 1, 100, 2, 59}},              // 2000 is a leap year
	{978307199, tm{59, 59, 23, 31, 11, 100, 0, 365}},         // and has 366 days
	{4107542400, tm{0, 0, 0, 1, 2, 200, 1, 59}},              // 2100 is none
	{-2203891200, tm{0, 0, 0, 1, 2, 0, 4, 59}},               // nor is 1900
	{-62135596800, tm{0, 0, 0, 1, 0, 1 - 1900, 1, 0}},        // the year 1
	{-62135596801, tm{59, 59, 23, 31, 11, 0 - 1900, 0, 365}}, // the year 0, a leap year
	{1 << 31, tm{8, 14, 3, 19, 0, 138, 2, 18}},               // beyond 32 bits
	{253402300800, tm{0, 0, 0, 1, 0, 10000 - 1900, 6, 0}},    // five digits
	{-377705116800, tm{0, 0, 0, 1, 0, -9999 - 1900, 1, 0}},   // 25 times 400 years before the year 1
}

func TestGmtime(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		p := w.space(40)
		for _, name := range []string{"_gmtime_js", "_localtime_js"} {
			for _, tt := range times {
				require.Zero(t, w.sys(name, tt.t, p))
				require.Equal(t, tt.tm, w.tm(p), "%d", tt.t)
				w.untouched(p + 40)
			}
			for range 1000 {
				s := rand.Int64N(1<<41) - 1<<40
				require.Zero(t, w.sys(name, s, p))
				u := time.Unix(s, 0).UTC()
				require.Equal(t, tm{u.Second(), u.Minute(), u.Hour(), u.Day(), int(u.Month()) - 1, u.Year() - 1900,
					int(u.Weekday()), u.YearDay() - 1}, w.tm(p), "%d", s)
			}
			for _, s := range []int64{math.MaxInt64, math.MinInt64, 1 << 57, -1 << 57} {
				require.NotZero(t, w.sys(name, s, p), "the year does not fit")
			}
		}
	})
}

func TestMktime(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		p := w.space(40)
		mktime := func(v tm) int64 {
			for i, f := range v {
				w.Store32(p+4*uint32(i), uint32(f))
			}
			r, err := w.try("_mktime_js", p)
			require.NoError(t, err)
			w.untouched(p + 40)
			return int64(r)
		}
		for _, tt := range times {
			require.Equal(t, tt.t, mktime(tt.tm))
			require.Equal(t, tt.tm, w.tm(p))
		}
		// Fields out of range carry over, and the derived ones are set.
		require.EqualValues(t, 951868800-1, mktime(tm{-1, 0, 0, 30, 1, 100, 9, 999, 1, 77}), "30 February 2000")
		require.Equal(t, tm{59, 59, 23, 29, 1, 100, 2, 59}, w.tm(p))
		require.EqualValues(t, 978307200, mktime(tm{0, 0, 0, 1, 12, 100}))
		require.EqualValues(t, -86400, mktime(tm{0, 0, -24, 1, 0, 70}))
		require.EqualValues(t, -1, mktime(tm{0, 0, 0, 1, 12, math.MaxInt32}), "the year does not fit")
	})
}
