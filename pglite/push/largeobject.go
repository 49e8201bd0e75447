package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/calfdb/calf/pglite/internal/sqltext"
	"github.com/jackc/pgx/v5"
)

// Large objects are moved in groups, a transaction for each. What is there is complete, then, and needs no bookkeeping.
const (
	pushGroup = 16      // objects
	pushChunk = 1 << 20 // bytes of an object at a time
)

// A largeObject is one with its properties. Grants is nil if privileges are what they are by default.
type largeObject struct {
	OID     uint32
	Owner   string
	Comment *string
	Grants  []largeObjectGrant
}

type largeObjectGrant struct {
	Grantee, Privilege string
	Option             bool
}

// largeObjects moves all large objects.
func (w *pushWorker) largeObjects(ctx context.Context) error {
	all, err := sqltext.Rows[largeObject](ctx, w.from, `SELECT m.oid::bigint, pg_catalog.pg_get_userbyid(m.lomowner) AS owner,
		pg_catalog.obj_description(m.oid, 'pg_largeobject') AS comment,
		CASE WHEN m.lomacl IS NOT NULL THEN (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('grantee',
			CASE a.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee) END, 'privilege', a.privilege_type, 'option', a.is_grantable)), '[]')
			FROM pg_catalog.aclexplode(m.lomacl) a) END AS grants
		FROM pg_catalog.pg_largeobject_metadata m ORDER BY m.oid`)
	if err != nil {
		return err
	}
	there, err := w.removeObjects(ctx, all)
	if err != nil {
		return err
	}
	for group := range slices.Chunk(all, pushGroup) {
		if err := w.objects(ctx, group, there); err != nil {
			return err
		}
	}
	return nil
}

// removeObjects removes what the source does not have any more, and an earlier push had moved. It returns what is left.
func (w *pushWorker) removeObjects(ctx context.Context, all []largeObject) (there map[uint32]bool, err error) {
	rows, err := w.to.Query(ctx, "SELECT oid FROM pg_catalog.pg_largeobject_metadata")
	if err != nil {
		return nil, err
	}
	oids, err := pgx.CollectRows(rows, pgx.RowTo[uint32])
	if err != nil {
		return nil, err
	}
	wanted, there := map[uint32]bool{}, map[uint32]bool{}
	for _, o := range all {
		wanted[o.OID] = true
	}
	for _, oid := range oids {
		if there[oid] = wanted[oid]; wanted[oid] {
			continue
		}
		if _, err := w.to.Exec(ctx, "SELECT pg_catalog.lo_unlink($1)", oid); err != nil {
			return nil, err
		}
	}
	return there, nil
}

// objects moves some objects, as far as they are not there and the same.
func (w *pushWorker) objects(ctx context.Context, group []largeObject, there map[uint32]bool) error {
	var oids, old []uint32
	for _, o := range group {
		if oids = append(oids, o.OID); there[o.OID] {
			old = append(old, o.OID)
		}
	}
	here, err := hashObjects(ctx, w.from, oids)
	if err != nil {
		return err
	}
	done, err := hashObjects(ctx, w.to, old)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, w.to, func(pgx.Tx) error {
		for _, o := range group {
			hash, is := done[o.OID]
			if is && hash == here[o.OID] {
				continue
			}
			if is {
				if _, err := w.to.Exec(ctx, "SELECT pg_catalog.lo_unlink($1)", o.OID); err != nil {
					return err
				}
			}
			if err := w.object(ctx, o, here[o.OID]); err != nil {
				return fmt.Errorf("%d: %w", o.OID, err)
			}
		}
		return nil
	})
}

// object copies an object and compares it.
func (w *pushWorker) object(ctx context.Context, o largeObject, hash string) error {
	for at := int64(0); ; at += pushChunk {
		var chunk []byte
		if err := w.from.QueryRow(ctx, "SELECT pg_catalog.lo_get($1, $2, $3)", o.OID, at, pushChunk).Scan(&chunk); err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		put, args := "SELECT pg_catalog.lo_put($1, $2, $3)", []any{o.OID, at, chunk}
		if at == 0 {
			put, args = "SELECT pg_catalog.lo_from_bytea($1, $2)", []any{o.OID, chunk}
		}
		if _, err := w.to.Exec(ctx, put, args...); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		if len(chunk) < pushChunk {
			break
		}
	}
	there, err := hashObjects(ctx, w.to, []uint32{o.OID})
	if err != nil {
		return err
	}
	if there[o.OID] != hash {
		return errors.New("verification failed: the contents differ")
	}
	_, err = w.to.Exec(ctx, o.properties(w.cfg))
	return err
}

// properties are statements that give an object its owner, its comment and its privileges.
func (o *largeObject) properties(cfg Config) string {
	var sql strings.Builder
	if o.Comment != nil {
		fmt.Fprintf(&sql, "COMMENT ON LARGE OBJECT %d IS %s;", o.OID, sqltext.Literal(*o.Comment))
	}
	owner := "CURRENT_USER"
	if !cfg.NoOwner {
		owner = sqltext.Name(o.Owner)
		fmt.Fprintf(&sql, "ALTER LARGE OBJECT %d OWNER TO %s;", o.OID, owner)
	}
	if cfg.NoPrivileges || o.Grants == nil {
		return sql.String()
	}
	fmt.Fprintf(&sql, "REVOKE ALL ON LARGE OBJECT %d FROM %s;", o.OID, owner)
	for _, g := range o.Grants {
		to, option := sqltext.Name(g.Grantee), ""
		switch g.Grantee {
		case "":
			to = "PUBLIC"
		case o.Owner:
			to = owner
		}
		if g.Option {
			option = " WITH GRANT OPTION"
		}
		fmt.Fprintf(&sql, "GRANT %s ON LARGE OBJECT %d TO %s%s;", g.Privilege, o.OID, to, option)
	}
	return sql.String()
}

// hashObjects returns hashes of the contents of objects, which a server computes piece by piece.
func hashObjects(ctx context.Context, conn *pgx.Conn, oids []uint32) (map[uint32]string, error) {
	hashes := map[uint32]string{}
	for at := int64(0); len(oids) > 0; at += pushChunk {
		rows, err := conn.Query(ctx, `SELECT oid, pg_catalog.encode(pg_catalog.sha256(chunk), 'hex'), pg_catalog.length(chunk)
			FROM (SELECT oid, pg_catalog.lo_get(oid, $2, $3) AS chunk FROM pg_catalog.unnest($1::oid[]) oid OFFSET 0) c`, oids, at, pushChunk)
		if err != nil {
			return nil, err
		}
		var oid uint32
		var hash string
		var length int
		oids = nil
		_, err = pgx.ForEachRow(rows, []any{&oid, &hash, &length}, func() error {
			if hashes[oid] += hash; length == pushChunk {
				oids = append(oids, oid)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return hashes, nil
}
