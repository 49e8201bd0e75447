package crash

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/runtime/vfs"
)

// amcheck is what must hold of every database: B-trees and tables agree with
// each other and with themselves.
var amcheck = []string{
	`SELECT bt_index_check(index => c.oid, heapallindexed => true, checkunique => true) FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam
		WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence <> 't'`,
	`DO $$ DECLARE r record; BEGIN
		FOR r IN SELECT c.oid::regclass AS rel, v.* FROM pg_class AS c, verify_heapam(c.oid) AS v
			WHERE c.relkind IN ('r', 't', 'm') AND c.relpersistence <> 't'
		LOOP RAISE data_corrupted USING MESSAGE = format('%s block %s offset %s: %s', r.rel, r.blkno, r.offnum, r.msg);
		END LOOP; END $$`,
}

// checkDatabase runs amcheck in the database that a connection is to. It adds the
// files of its relations to used, without the suffixes of forks and segments.
func checkDatabase(ctx context.Context, conn *pgx.Conn, used map[string]bool) error {
	paths, err := list[string](ctx, conn, "SELECT pg_relation_filepath(oid) FROM pg_class WHERE pg_relation_filepath(oid) IS NOT NULL")
	if err != nil {
		return err
	}
	for _, path := range paths {
		used[path] = true
	}
	_, err = conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS amcheck")
	for _, sql := range amcheck {
		if err == nil {
			_, err = conn.Exec(ctx, sql)
		}
	}
	if err != nil {
		return fmt.Errorf("amcheck in %s: %w", conn.Config().Database, err)
	}
	return nil
}

// checkVectors asks the HNSW index of a table for all rows.
func checkVectors(ctx context.Context, conn *pgx.Conn, table string, rows int) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL hnsw.ef_search = 1000"); err != nil {
			return err
		}
		var n int
		err := tx.QueryRow(ctx, "SELECT count(*) FROM (SELECT id FROM "+table+" ORDER BY e <-> '[1,2,3]' LIMIT 1000)").Scan(&n)
		if err == nil && n != min(rows, 1000) {
			err = fmt.Errorf("the index of %s finds %d rows of %d", table, n, rows)
		}
		return err
	})
}

// relationFile matches the path of a segment of a relation; it finds the path
// without the fork and the segment, and the segment. The
// free space map is not among them: changes of it are not in the WAL, and
// PostgreSQL empties a page of it that is torn when it comes across it
// (fsm_readbuf in freespace.c).
var relationFile = regexp.MustCompile(`^((?:base/\d+|global)/\d+)(?:_(?:vm|init))?(?:\.(\d+))?$`)

// segmentBlocks is how many pages a segment has: RELSEG_SIZE.
const segmentBlocks = 131072

// checkPages verifies the checksums of all pages of relations in a data
// directory. Of relations that are not used there may be files that are left
// from before a crash; they do not count. A file may end within a page only if
// partial is true: PostgreSQL, which counts whole pages, leaves what it could not
// write whole on a full disk.
func checkPages(v vfs.Volume, used map[string]bool, partial bool) error {
	return eachFile(v, ".", func(name string, h vfs.Handle) error {
		m := relationFile.FindStringSubmatch(name)
		if m == nil || !used[m[1]] {
			return nil
		}
		segment, _ := strconv.Atoi(m[2])
		page := make([]byte, pgdata.BlockSize)
		for block := 0; ; block++ {
			n, err := h.ReadAt(page, int64(block)*pgdata.BlockSize)
			switch {
			case err != nil:
				return err
			case n == 0:
				return nil
			case n < len(page) && partial:
				return nil
			case n < len(page):
				return fmt.Errorf("%s ends within block %d", name, block)
			}
			if err := pgdata.Page(page).Verify(uint32(segment*segmentBlocks+block), true); err != nil {
				return fmt.Errorf("%s, block %d: %w", name, block, err)
			}
		}
	})
}

// eachFile visits the regular files below a directory.
func eachFile(v vfs.Volume, dir string, visit func(string, vfs.Handle) error) error {
	h, err := v.Open(dir, vfs.O_RDONLY, 0)
	if err != nil {
		return err
	}
	entries, err := h.ReadDir()
	if err := errors.Join(err, h.Close()); err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name)
		switch uint32(e.Type) << 12 {
		case vfs.S_IFDIR:
			err = eachFile(v, name, visit)
		case vfs.S_IFREG:
			var f vfs.Handle
			if f, err = v.Open(name, vfs.O_RDONLY, 0); err == nil {
				err = errors.Join(visit(name, f), f.Close())
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
