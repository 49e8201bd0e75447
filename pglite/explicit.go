package pglite

import (
	"slices"
	"strings"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime/vfs"
)

// explicit are the parameters that somebody has set: in Config.Settings, or in
// the configuration files of the data directory to something else than initdb
// does. Names are in lower case.
type explicit struct {
	values  map[string]string
	unknown bool // the files include others, or cannot be read
}

// explicitSettings reads the files of a volume.
func explicitSettings(v vfs.Volume, settings map[string]string) explicit {
	e := explicit{values: map[string]string{}}
	for _, file := range []string{"postgresql.conf", "postgresql.auto.conf"} { // the second one wins
		b, err := readConf(v, file)
		switch {
		case vfs.ErrnoOf(err) == vfs.ENOENT:
			continue
		case err != nil || len(b) == datadir.MaxConfig:
			e.unknown = true
			continue
		}
		for _, s := range pgdata.ParseConf(b).Settings {
			switch {
			case strings.HasPrefix(s.Name, "include"):
				e.unknown = true
			case datadir.IsInitial(datadir.Major, s.Name, s.Value):
				delete(e.values, s.Name)
			default:
				e.values[s.Name] = s.Value
			}
		}
	}
	for name, value := range settings {
		e.values[strings.ToLower(name)] = value
	}
	return e
}

// has tells whether somebody has, or may have, set a parameter.
func (e explicit) has(name string) bool {
	_, ok := e.values[name]
	return ok || e.unknown
}

// isOff tells whether nobody has set a parameter to something else than one of
// the given values.
func (e explicit) isOff(name string, off ...string) bool {
	value, ok := e.values[name]
	return !e.unknown && (!ok || slices.Contains(off, strings.ToLower(value)))
}

func readConf(v vfs.Volume, name string) ([]byte, error) {
	f, err := v.Open(name, vfs.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, datadir.MaxConfig)
	n, err := f.ReadAt(b, 0)
	return b[:n], err
}
