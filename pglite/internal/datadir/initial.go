package datadir

import (
	"slices"
	"strings"
)

// MaxConfig is how much of a configuration file is read.
const MaxConfig = 1 << 20

// initdbSettings is what initdb of each release of PGlite writes into postgresql.conf, by major version.
var initdbSettings = map[int]map[string][]string{
	16: {"max_connections": {"10"}, "shared_buffers": {"400kB"}, "max_wal_size": {"64MB"}, "min_wal_size": {"5MB"}},
	17: {
		"max_connections": {"25", "100"}, "shared_buffers": {"400kB", "128MB"},
		"max_wal_size": {"64MB", "1GB"}, "min_wal_size": {"5MB", "80MB"},
		"timezone": {"UTC", "Etc/GMT0", "GMT"}, "log_timezone": {"UTC", "Etc/GMT0", "GMT"},
	},
	18: {
		"max_connections": {"100"}, "shared_buffers": {"128MB"}, "max_wal_size": {"1GB"}, "min_wal_size": {"80MB"},
		"timezone": {"UTC"}, "log_timezone": {"UTC"}, "autovacuum_worker_slots": {"16"},
	},
}

// initdbCommon is what initdb of all releases writes.
var initdbCommon = map[string][]string{
	"dynamic_shared_memory_type": {"posix"}, "log_file_mode": {"0640"}, "datestyle": {"iso, mdy"},
	"lc_messages": {"C"}, "lc_monetary": {"C"}, "lc_numeric": {"C"}, "lc_time": {"C"},
	"default_text_search_config": {"pg_catalog.english"},
}

// InitialValues returns what initdb of a release may have set a parameter to.
func InitialValues(major int, name string) []string {
	return slices.Concat(initdbSettings[major][name], initdbCommon[name])
}

// IsInitial tells whether initdb of a release sets a parameter to a value.
func IsInitial(major int, name, value string) bool {
	return slices.ContainsFunc(InitialValues(major, name), func(v string) bool { return strings.EqualFold(v, value) })
}
