package schema

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// A Set is an ordered list of migrations that belong together. It is immutable
// and safe for concurrent use.
type Set struct {
	name       string
	table      pgx.Identifier
	migrations []Migration
	promise    []string
	rules      []Rule
}

// A Migration is one step of a schema's history.
type Migration struct {
	// Version orders the migrations of a set: twelve digits, by convention a
	// date and a number, such as 202509090001.
	Version string
	// Name says what the migration is about, for people.
	Name string
	// Up is the SQL that applies it, one or more statements; Down the SQL that
	// takes it back, or "" if there is no way back.
	Up, Down string
}

// Checksum is the SHA-256 of Up in hexadecimal. Line ends count as "\n", so
// that a checkout on Windows has the same sums.
func (m Migration) Checksum() string {
	sum := sha256.Sum256([]byte(strings.ReplaceAll(m.Up, "\r\n", "\n")))
	return hex.EncodeToString(sum[:])
}

// String returns version and name.
func (m Migration) String() string { return m.Version + " " + m.Name }

// Load reads a set from the files at the root of fsys. VERSION_NAME.sql is a
// migration, VERSION_NAME.down.sql its way back, and catalog.txt, if there is
// one, what Validate expects (see Catalog). Files rules/TABLE.NAME.sql hold what
// rows must fulfil (see Rule). Other files are ignored.
//
// The table, whose name may have a schema in front, remembers what has been
// applied. Each set that shares a database with another needs its own.
func Load(name string, fsys fs.FS, table ...string) (*Set, error) {
	s, err := load(name, fsys, table)
	if err != nil {
		return nil, fmt.Errorf("schema: loading the migrations of %s: %w", name, err)
	}
	return s, nil
}

func load(name string, fsys fs.FS, table []string) (*Set, error) {
	if len(table) < 1 || len(table) > 2 || slices.Contains(table, "") {
		return nil, fmt.Errorf("the history's table is %q: it needs a name, and at most a schema in front", table)
	}
	s := &Set{name: name, table: table}
	files, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, err
	}
	downs := map[string]string{}
	for _, file := range files { // in the order of their names
		parts := fileName.FindStringSubmatch(file)
		if parts == nil {
			return nil, fmt.Errorf("%s is not named like 202509090001_name.sql or 202509090001_name.down.sql", file)
		}
		sql, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		if parts[3] != "" {
			downs[parts[1]+"_"+parts[2]] = string(sql)
			continue
		}
		m := Migration{Version: parts[1], Name: parts[2], Up: string(sql)}
		if n := len(s.migrations); n > 0 && s.migrations[n-1].Version == m.Version {
			return nil, fmt.Errorf("version %s has two migrations, %s and %s", m.Version, s.migrations[n-1].Name, m.Name)
		}
		s.migrations = append(s.migrations, m)
	}
	for i, m := range s.migrations {
		key := m.Version + "_" + m.Name
		s.migrations[i].Down = downs[key]
		delete(downs, key)
	}
	for key := range downs {
		return nil, fmt.Errorf("%s.down.sql has no %s.sql", key, key)
	}
	if len(s.migrations) == 0 {
		return nil, fmt.Errorf("there are none")
	}
	if promise, err := fs.ReadFile(fsys, promiseFile); err == nil {
		s.promise = lines(string(promise))
	}
	if s.rules, err = loadRules(fsys); err != nil {
		return nil, err
	}
	return s, nil
}

var fileName = regexp.MustCompile(`^([0-9]{12})_([a-z0-9_]+?)(\.down)?\.sql$`)

// promiseFile is the name of the file that lists what Validate expects.
const promiseFile = "catalog.txt"

// Name returns the name that the set was loaded with.
func (s *Set) Name() string { return s.name }

// Table returns the name of the table that remembers what has been applied.
func (s *Set) Table() string { return strings.Join(s.table, ".") }

// Migrations returns the migrations in order. The caller owns the slice.
func (s *Set) Migrations() []Migration { return slices.Clone(s.migrations) }

// LatestVersion returns the version of the last migration.
func (s *Set) LatestVersion() string { return s.migrations[len(s.migrations)-1].Version }

// Chat returns the tables of conversations, messages, attachments and settings.
// Its history is in chat_migrations.
func Chat() *Set { return chat() }

// Knowledge returns the tables of knowledge bases, with their files, chunks and
// vectors. It needs pgvector. Its history is in knowledge_migrations.
func Knowledge() *Set { return knowledge() }

// Meta returns database.build's list of databases and their messages. Its
// history is in meta.migrations, in database.build's format.
func Meta() *Set { return meta() }

// Embeddings returns what database.build puts in each database: the extension
// vector and the table meta.embeddings. Its history is in meta.migrations, too,
// since a database has either this set or Meta.
func Embeddings() *Set { return embeddings() }

//go:embed chat knowledge meta embeddings
var embedded embed.FS

var (
	chat       = sync.OnceValue(func() *Set { return own("chat", "chat_migrations") })
	knowledge  = sync.OnceValue(func() *Set { return own("knowledge", "knowledge_migrations") })
	meta       = sync.OnceValue(func() *Set { return own("meta", "meta", "migrations") })
	embeddings = sync.OnceValue(func() *Set { return own("embeddings", "meta", "migrations") })
)

// own loads a set that is part of this package.
func own(name string, table ...string) *Set {
	dir, err := fs.Sub(embedded, path.Clean(name))
	if err == nil {
		var s *Set
		if s, err = Load(name, dir, table...); err == nil {
			return s
		}
	}
	panic("BUG: " + err.Error())
}
