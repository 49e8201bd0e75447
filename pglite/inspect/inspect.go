package inspect

import (
	"context"
	"fmt"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/internal/pgdata/tree"
)

// Options say how closely to look. The zero value looks at what is needed to say what is there, which takes
// milliseconds, and with a compressed archive about two times its decompression.
type Options struct {
	// Verify reads every block of every relation, checks its header and its checksum, and counts every row. It takes as
	// long as reading the files does.
	Verify bool
	// System lists the relations that every database has, too, and not only those that were made after initdb.
	System bool
}

// Path says what a path holds, without starting PostgreSQL and without writing: a data directory, a tar of one as
// PGlite's dumpDataDir writes it, or a tar.gz. It reads the directories of PostgreSQL 16 to 18 that PGlite makes, those
// of a 64-bit server as well, and says of anything else what it is, in [Info.Kind] and [Info.Summary].
//
// What is wrong with the files is no error, but one of [Info.Problems]; an error says that nothing could be read, or that
// ctx ended. No link is followed. Memory is bounded, whatever the files say: some tens of MB for a usual directory or
// archive of any size, several hundred MB at worst for one that was made to take much.
//
// A directory may be in use meanwhile. Then what Inspect says may mix two moments; see [Info.InUse].
func Path(ctx context.Context, path string, o Options) (*Info, error) {
	fail := func(err error) (*Info, error) {
		return nil, fmt.Errorf("inspect: inspecting %s: %w", path, err)
	}
	t, err := tree.Open(ctx, path, newKeeper().keep)
	if err != nil {
		return fail(err)
	}
	defer t.Close()
	i := &inspector{
		ctx: ctx, o: o, tree: t, roles: map[uint32]string{}, outside: map[uint32]string{},
		info: &Info{Path: path, Container: string(t.Container), Size: t.Size, Files: len(t.Files())},
	}
	if err := i.run(); err != nil {
		return fail(err)
	}
	return i.info, nil
}

// inspector is one inspection.
type inspector struct {
	ctx  context.Context
	o    Options
	tree *tree.Tree
	info *Info

	refused  bool             // PG_VERSION keeps every server from opening it
	control  *pgdata.Control  // zero if it cannot be read
	catalogs *pgdata.Catalogs // nil if they cannot be read
	xacts    *pgdata.Xacts
	redo     *pgdata.Redo // what recovery would change
	storage  map[pgdata.Filenode]*storage
	bases    map[uint32]int64  // sizes of databases
	roles    map[uint32]string // names
	outside  map[uint32]string // where tablespaces are that links lead to
	rows     int               // of catalogs that are kept

	globalMap map[uint32]uint32
	databases []*database
}

func (i *inspector) run() error {
	i.archiveProblems()
	defer i.linkProblems() // after those that are worse
	if i.tree.Kind != "" || !i.findRoot() {
		i.describeForeign()
		return nil
	}
	i.readVersion()
	i.readControl()
	i.readConfig()
	i.readLeftovers()
	i.indexStorage()
	if err := i.readWAL(); err != nil {
		return err
	}
	if err := i.readCatalogs(); err != nil {
		return err
	}
	if err := i.readPages(); err != nil {
		return err
	}
	i.describe()
	i.finish()
	return nil
}
