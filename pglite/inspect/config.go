package inspect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/pglite/internal/datadir"
)

// initdbHBA are the rules that initdb --auth=trust writes.
var initdbHBA = []string{
	"local all all trust", "host all all 127.0.0.1/32 trust", "host all all ::1/128 trust",
	"local replication all trust", "host replication all 127.0.0.1/32 trust", "host replication all ::1/128 trust",
}

// readConfig finds settings and rules that differ from what initdb writes.
func (i *inspector) readConfig() {
	defaults := map[string]string{}
	set := map[string]Setting{}
	for _, file := range []string{"postgresql.conf", "postgresql.auto.conf"} { // the second one wins
		b, ok := i.configFile(file)
		if !ok {
			continue
		}
		c := pgdata.ParseConf(b)
		for _, line := range c.Bad {
			i.problem(Problem{Kind: "config", File: file, Text: fmt.Sprintf("line %d is not a setting", line)})
		}
		for name, value := range c.Defaults {
			defaults[name] = value
		}
		for _, s := range c.Settings {
			key := s.Name
			if strings.HasPrefix(key, "include") { // each counts
				key = fmt.Sprint(key, file, s.Line)
			}
			set[key] = Setting{Name: text(s.Name), Value: text(s.Value), File: file, Line: s.Line}
		}
	}
	for _, s := range set {
		if datadir.IsInitial(i.info.PostgreSQL, s.Name, s.Value) {
			continue
		}
		initial := datadir.InitialValues(i.info.PostgreSQL, s.Name)
		if def, ok := defaults[s.Name]; ok && len(initial) == 0 {
			if strings.EqualFold(def, s.Value) {
				continue
			}
			initial = []string{text(def)}
		}
		s.Default = strings.Join(initial, " or ")
		i.info.Config.Settings = append(i.info.Config.Settings, s)
	}
	slices.SortFunc(i.info.Config.Settings, func(a, b Setting) int {
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
			i.problem(Problem{Kind: "config", File: name, Text: "it is not there"})
		}
		return nil, false
	}
	if f.Size > datadir.MaxConfig {
		i.problem(Problem{Kind: "limit", File: name, Text: fmt.Sprintf("only the first %d of its %d bytes were read", datadir.MaxConfig, f.Size)})
	}
	b, err := i.tree.ReadFile(name, datadir.MaxConfig)
	if err != nil {
		i.problem(unreadable(name, err))
		return nil, false
	}
	return b, true
}
