package manager

import (
	"context"
	"fmt"
	"strings"
)

// A State is how a database is on disk.
type State struct {
	// Dir is the data directory.
	Dir string
	// Version is the major version of PostgreSQL that it is of; "" if the database
	// has never been opened.
	Version string
	// Size is that of all files, in bytes, including what an upgrade kept.
	Size int64
	// Open tells that the manager has it open.
	Open bool
}

// State looks at a database without opening it.
func (m *Manager) State(ctx context.Context, id string) (s State, err error) {
	defer func() { err = m.wrap(err, "looking at database", id) }()
	if _, err := m.database(ctx, id); err != nil {
		return s, err
	}
	name := dbsName + "/" + folderName(id)
	s.Dir = m.folder.at(name + "/" + dataName)
	m.dbs.mu.Lock()
	e := m.dbs.entries[id]
	s.Open = e != nil && !e.leaving
	m.dbs.mu.Unlock()
	if s.Version, err = m.dataVersion(name); err != nil {
		return s, err
	}
	s.Size, err = m.folder.size(name)
	return s, err
}

// A Problem is something in the folder that is not as it should be.
type Problem struct {
	// Path is where.
	Path string
	// Text says what is wrong.
	Text string
}

// String returns path and text.
func (p Problem) String() string { return p.Path + ": " + p.Text }

// Check compares the folder with the meta database, without opening databases,
// and says what somebody else has changed, what is of another version, and what
// could not be removed. The manager leaves all of it alone.
func (m *Manager) Check(ctx context.Context) (problems []Problem, err error) {
	defer func() { err = m.wrap(err, "checking", m.cfg.Dir) }()
	list, err := m.databases(ctx, m.pool)
	if err != nil {
		return nil, err
	}
	say := func(name, format string, args ...any) {
		problems = append(problems, Problem{m.folder.at(name), fmt.Sprintf(format, args...)})
	}
	listed := map[string]bool{}
	for _, d := range list {
		if checkID(d.ID) != nil {
			say(metaName, "the id %q is not one that the manager makes, and the database cannot be used", shorten(d.ID))
			continue
		}
		name := dbsName + "/" + folderName(d.ID)
		listed[name] = true
		found, err := m.folder.exists(name)
		switch {
		case err != nil:
			say(name, "%v", err)
		case !found:
			say(name, "database %s is gone", d.ID)
		default:
			version, err := m.dataVersion(name)
			if err != nil {
				say(name, "%v", err)
			} else if version != "" && version != m.version {
				say(name, "database %s is of PostgreSQL %s, and this is PostgreSQL %s", d.ID, version, m.version)
			}
		}
	}
	entries, err := m.folder.list(dbsName)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if name := dbsName + "/" + e.Name(); !listed[name] && !m.fresh(ctx, e.Name()) {
			say(name, "it is not in the list of databases")
		}
	}
	for _, where := range []string{incomingName, deletedName} {
		entries, err := m.folder.list(where)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			name, _, _ := strings.Cut(e.Name(), ".")
			if id, ok := idOf(name); !ok || !m.busy(id) {
				say(where+"/"+e.Name(), "it could not be removed, which is tried again when the manager is opened")
			}
		}
	}
	return problems, nil
}

// fresh reports whether a folder has got into the list meanwhile, or out of it.
func (m *Manager) fresh(ctx context.Context, name string) bool {
	id, ok := idOf(name)
	if !ok {
		return false
	}
	found, err := m.folder.exists(dbsName + "/" + name)
	if err == nil && !found {
		return true
	}
	_, err = m.database(ctx, id)
	return err == nil
}

// busy reports whether somebody opens, makes or deletes a database right now.
func (m *Manager) busy(id string) bool {
	m.dbs.mu.Lock()
	defer m.dbs.mu.Unlock()
	return m.dbs.entries[id] != nil
}
