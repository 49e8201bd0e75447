package contents

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// A Digest is what two databases are compared by. Keys are names with their
// schemas, or the OIDs of large objects.
type Digest struct {
	Tables       map[string]TableDigest
	Sequences    map[string]string
	LargeObjects map[string]string
}

// A TableDigest is the number of rows of a table, and a sum over their contents
// that does not depend on their order.
type TableDigest struct {
	Rows int64
	Sum  string
}

// Rows returns the number of rows of all tables.
func (d *Digest) Rows() (n int64) {
	for _, t := range d.Tables {
		n += t.Rows
	}
	return n
}

// userTables selects the tables whose rows are moved as such: those that users
// made, partitions included, and no temporary ones. Columns are in the order of
// their names: that of the table need not be the same, if it inherits some.
// Generated columns are left out, as they are computed anew.
const userTables = `SELECT n.nspname::text AS schema, c.relname::text AS name, coalesce(cols.list, '') AS columns
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN LATERAL (SELECT pg_catalog.string_agg('t.' || pg_catalog.quote_ident(attname), ', ' ORDER BY attname COLLATE "C") AS list
			FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') cols ON true
	WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
			WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`

type tableRow struct{ Schema, Name, Columns string }

// digestSettings make values look the same on both sides, whatever roles and
// databases say.
var digestSettings = []string{
	"search_path=", "DateStyle=ISO, MDY", "IntervalStyle=postgres", "TimeZone=UTC", "extra_float_digits=1", "bytea_output=hex",
	"lc_monetary=C", "xmlbinary=base64", "row_security=off", "standard_conforming_strings=on", "array_nulls=on",
	"statement_timeout=0", "lock_timeout=0", "idle_in_transaction_session_timeout=0", "idle_session_timeout=0",
}

// Measure computes the digest of a database.
func Measure(ctx context.Context, s Server, database string) (*Digest, error) {
	d := &Digest{Tables: map[string]TableDigest{}, Sequences: map[string]string{}, LargeObjects: map[string]string{}}
	err := within(ctx, s, database, func(conn *pgx.Conn) error {
		for _, set := range digestSettings {
			if _, err := conn.Exec(ctx, `SELECT pg_catalog.set_config(pg_catalog.split_part($1, '=', 1), pg_catalog.split_part($1, '=', 2), false)`, set); err != nil {
				return err
			}
		}
		if err := d.measureTables(ctx, conn); err != nil {
			return err
		}
		if err := d.measureSequences(ctx, conn); err != nil {
			return err
		}
		return d.measureLargeObjects(ctx, conn)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the database %s: %w", database, err)
	}
	return d, nil
}

// measureTables sums up a 64-bit hash of the text of each row. PostgreSQL's hash
// of text has been the same since version 11, and as partitions of tables depend
// on it, it does not change.
func (d *Digest) measureTables(ctx context.Context, conn *pgx.Conn) error {
	tables, err := rows[tableRow](ctx, conn, userTables+" ORDER BY 1, 2")
	if err != nil {
		return err
	}
	for _, t := range tables {
		name := ident(t.Schema, t.Name)
		var td TableDigest
		err := conn.QueryRow(ctx, fmt.Sprintf(`SELECT count(*), coalesce(sum(pg_catalog.hashtextextended(ROW(%s)::text, 0)::numeric), 0)::text
			FROM ONLY %s t`, t.Columns, name)).Scan(&td.Rows, &td.Sum)
		if err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
		d.Tables[name] = td
	}
	return nil
}

func (d *Digest) measureSequences(ctx context.Context, conn *pgx.Conn) error {
	list, err := rows[tableRow](ctx, conn, `SELECT nspname::text AS schema, relname::text AS name, '' AS columns
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
		WHERE relkind = 'S' AND relpersistence <> 't' AND nspname !~ '^pg_' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
			WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	for _, s := range list {
		name := ident(s.Schema, s.Name)
		var state string
		// The sequence's own columns, and its definition.
		err := conn.QueryRow(ctx, fmt.Sprintf(`SELECT pg_catalog.concat_ws(' ', s.last_value, s.is_called, q.seqstart, q.seqincrement, q.seqmax,
			q.seqmin, q.seqcache, q.seqcycle) FROM %s s, pg_catalog.pg_sequence q WHERE q.seqrelid = s.tableoid`, name)).Scan(&state)
		if err != nil {
			return fmt.Errorf("sequence %s: %w", name, err)
		}
		d.Sequences[name] = state
	}
	return nil
}

// measureLargeObjects sums up a hash of each MiB of a large object, together
// with where it is: where an object has holes, its pages differ from those of a
// copy, but not what is read.
func (d *Digest) measureLargeObjects(ctx context.Context, conn *pgx.Conn) error {
	list, err := rows[struct{ OID, Owner, Sum string }](ctx, conn, `SELECT m.oid::text AS oid, pg_catalog.pg_get_userbyid(lomowner)::text AS owner,
			pg_catalog.concat_ws(' ', size, (SELECT coalesce(sum(pg_catalog.hashtextextended(
				at || ' ' || pg_catalog.md5(pg_catalog.lo_get(m.oid, at, 1048576)), 0)::numeric), 0)
				FROM pg_catalog.generate_series(0, size - 1, 1048576) at)) AS sum
		FROM pg_catalog.pg_largeobject_metadata m CROSS JOIN LATERAL (SELECT coalesce((SELECT pageno::bigint * 2048 + pg_catalog.length(data)
			FROM pg_catalog.pg_largeobject WHERE loid = m.oid ORDER BY pageno DESC LIMIT 1), 0)) s (size)`)
	if err != nil {
		return fmt.Errorf("large objects: %w", err)
	}
	for _, o := range list {
		d.LargeObjects[o.OID] = o.Owner + " " + o.Sum
	}
	return nil
}

// Compare returns how the copy of a database differs from the original.
func (d *Digest) Compare(copied *Digest) []string {
	var diffs []string
	for _, name := range names(d.Tables, copied.Tables) {
		was, ok := d.Tables[name]
		now, has := copied.Tables[name]
		switch {
		case !has:
			diffs = append(diffs, "the table "+name+" is missing")
		case !ok:
			diffs = append(diffs, "the table "+name+" was not there before")
		case was.Rows != now.Rows:
			diffs = append(diffs, fmt.Sprintf("the table %s has %d rows instead of %d", name, now.Rows, was.Rows))
		case was.Sum != now.Sum:
			diffs = append(diffs, fmt.Sprintf("the %d rows of the table %s have other contents", was.Rows, name))
		}
	}
	for _, kind := range []struct {
		name     string
		was, now map[string]string
	}{{"sequence", d.Sequences, copied.Sequences}, {"large object", d.LargeObjects, copied.LargeObjects}} {
		for _, name := range names(kind.was, kind.now) {
			if was, now := kind.was[name], kind.now[name]; was != now {
				diffs = append(diffs, fmt.Sprintf("the %s %s is %q instead of %q", kind.name, name, now, was))
			}
		}
	}
	return diffs
}

// names returns the keys of both maps.
func names[V any](a, b map[string]V) []string {
	return slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for _, m := range []map[string]V{a, b} {
			for name := range maps.Keys(m) {
				if !yield(name) {
					return
				}
			}
		}
	}))
}
