package pglite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calfdb/calf/internal/pgdata"
)

// maxConfig is how much of a configuration file is read.
const maxConfig = 1 << 20

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

// isInitial tells whether initdb of a release sets a parameter to a value.
func isInitial(major int, name, value string) bool {
	initial := slices.Concat(initdbSettings[major][name], initdbCommon[name])
	return slices.ContainsFunc(initial, func(v string) bool { return strings.EqualFold(v, value) })
}

// initdbHBA are the rules that initdb --auth=trust writes.
var initdbHBA = []string{
	"local all all trust", "host all all 127.0.0.1/32 trust", "host all all ::1/128 trust",
	"local replication all trust", "host replication all 127.0.0.1/32 trust", "host replication all ::1/128 trust",
}

// readConfig finds settings and rules that differ from what initdb writes.
func (i *inspector) readConfig() {
	defaults := map[string]string{}
	set := map[string]InfoSetting{}
	for _, file := range []string{"postgresql.conf", "postgresql.auto.conf"} { // the second one wins
		b, ok := i.configFile(file)
		if !ok {
			continue
		}
		c := pgdata.ParseConf(b)
		for _, line := range c.Bad {
			i.problem(InfoProblem{Kind: "config", File: file, Text: fmt.Sprintf("line %d is not a setting", line)})
		}
		for name, value := range c.Defaults {
			defaults[name] = value
		}
		for _, s := range c.Settings {
			key := s.Name
			if strings.HasPrefix(key, "include") { // each counts
				key = fmt.Sprint(key, file, s.Line)
			}
			set[key] = InfoSetting{Name: text(s.Name), Value: text(s.Value), File: file, Line: s.Line}
		}
	}
	for _, s := range set {
		if isInitial(i.info.PostgreSQL, s.Name, s.Value) {
			continue
		}
		initial := slices.Concat(initdbSettings[i.info.PostgreSQL][s.Name], initdbCommon[s.Name])
		if def, ok := defaults[s.Name]; ok && len(initial) == 0 {
			if strings.EqualFold(def, s.Value) {
				continue
			}
			initial = []string{text(def)}
		}
		s.Default = strings.Join(initial, " or ")
		i.info.Config.Settings = append(i.info.Config.Settings, s)
	}
	slices.SortFunc(i.info.Config.Settings, func(a, b InfoSetting) int {
		return strings.Compare(a.Name+a.Value, b.Name+b.Value)
	})
	if b, ok := i.configFile("pg_hba.conf"); ok {
		rules := pgdata.ParseHBA(b)
		for n := range rules {
			rules[n] = text(rules[n])
		}
		if !slices.Equal(rules, initdbHBA) {
			i.info.Config.HBA = rules
		}
	}
}

// configFile reads a configuration file.
func (i *inspector) configFile(name string) ([]byte, bool) {
	f := i.tree.File(name)
	if f == nil {
		if name != "postgresql.auto.conf" { // which PostgreSQL can do without
			i.problem(InfoProblem{Kind: "config", File: name, Text: "it is not there"})
		}
		return nil, false
	}
	if f.Size > maxConfig {
		i.problem(InfoProblem{Kind: "limit", File: name, Text: fmt.Sprintf("only the first %d of its %d bytes were read", maxConfig, f.Size)})
	}
	b, err := i.tree.ReadFile(name, maxConfig)
	if err != nil {
		i.problem(unreadable(name, err))
		return nil, false
	}
	return b, true
}
