package pgdata

import "time"

// The years that times can have; others are nonsense, and cannot be written as JSON.
var (
	firstSecond = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastSecond  = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC).Unix()
)

// pgTime converts seconds since 1970 (pg_time_t, pgtime.h). Nonsense is the zero time.
func pgTime(seconds int64) time.Time {
	if seconds < firstSecond || seconds > lastSecond {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// timestamp converts microseconds since 2000 (TimestampTz, datatype/timestamp.h). Nonsense is the zero time.
func timestamp(us int64) time.Time {
	const perSecond = 1_000_000
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	seconds, rest := us/perSecond, us%perSecond
	t := pgTime(epoch + seconds)
	if t.IsZero() {
		return t
	}
	return t.Add(time.Duration(rest) * time.Microsecond)
}
