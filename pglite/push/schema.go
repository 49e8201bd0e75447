package push

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/calfdb/calf/internal/sqlscript"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/sqltext"
)

// A schema is the source's schema as SQL.
type schema struct {
	pre, post string   // what comes before the rows, and after
	hash      string   // of both
	roles     []string // that something is given to
}

// dumpSchema lets pg_dump write the schema, of the same moment as everything else.
func (p *pusher) dumpSchema(ctx context.Context) error {
	args := []string{"--snapshot=" + p.snapshot, "--no-statistics", "--no-subscriptions", "--no-large-objects"}
	if p.cfg.NoOwner {
		args = append(args, "--no-owner")
	}
	if p.cfg.NoPrivileges {
		args = append(args, "--no-privileges")
	}
	roles, hash := map[string]bool{}, sha256.New()
	for section, to := range map[string]*string{"pre-data": &p.schema.pre, "post-data": &p.schema.post} {
		var out bytes.Buffer
		err := dump.SQL(ctx, p.source, &out, dump.SQLConfig{
			Args: append(slices.Clone(args), "--section="+section), Assets: p.cfg.Assets, CacheDir: p.cfg.CacheDir})
		if err != nil {
			return err
		}
		if *to, err = statements(&out, roles); err != nil {
			return err
		}
	}
	fmt.Fprintf(hash, "%s\x00%s", p.schema.pre, p.schema.post)
	p.schema.hash = hex.EncodeToString(hash.Sum(nil))
	p.schema.roles = slices.Sorted(maps.Keys(roles))
	return nil
}

// statements returns the SQL of a dump without its comments and psql's commands, which differ each time, and adds who gets to
// own something.
func statements(dump io.Reader, roles map[string]bool) (string, error) {
	var out strings.Builder
	for sc := sqlscript.NewScanner(dump); ; {
		switch piece, err := sc.Next(); {
		case err == io.EOF:
			return out.String(), nil
		case err != nil:
			return "", err
		case piece.Kind == sqlscript.Statement:
			if m := sqltext.OwnerStatement.FindStringSubmatch(piece.SQL); m != nil {
				roles[sqltext.Unquote(m[1])] = true
			}
			out.WriteString(piece.SQL)
			out.WriteByte('\n')
		}
	}
}

var (
	refreshStatement = regexp.MustCompile(`(?is)^REFRESH\s+MATERIALIZED\s+VIEW\s`)
	commentExtension = regexp.MustCompile(`(?is)^COMMENT\s+ON\s+EXTENSION\s+` + sqltext.Identifier)
)

// without returns a script without some of its statements.
func without(script string, leave func(sql string) bool) string {
	var out strings.Builder
	for sc := sqlscript.NewScanner(strings.NewReader(script)); ; {
		piece, err := sc.Next()
		if err != nil {
			return out.String()
		}
		if !leave(piece.SQL) {
			out.WriteString(piece.Raw)
		}
	}
}

// trySchema runs all of the schema on the target, and takes it back. Whatever the target will refuse shows before a row has
// been moved. Views are not refreshed: their queries may not be made for empty tables.
func (p *pusher) trySchema(ctx context.Context) error {
	script := p.schema.pre + without(p.schema.post, refreshStatement.MatchString)
	err := p.runScript(ctx, beginState(p.schema.hash)+script, false)
	refused := (*dump.RestoreError)(nil)
	if ctx.Err() == nil && errors.As(err, &refused) {
		text := "the target refuses the " + err.Error()
		if s, t := p.report.Source, p.report.Target; t.number/10000 < s.number/10000 {
			text += fmt.Sprintf(" (it is PostgreSQL %s, and the source is %s)", t.Version, s.Version)
		}
		p.report.Obstacles = append(p.report.Obstacles, Obstacle{Kind: "schema", Text: text, Err: err})
		return nil
	}
	return err
}

// runScript runs a script on the target, in a transaction and a session of its own. What fails is told by a *RestoreError.
func (p *pusher) runScript(ctx context.Context, script string, commit bool) (err error) {
	conn, err := connectTo(ctx, p.target, "target")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hangUp(ctx, conn)) }()
	err = dump.RestoreSQL(ctx, conn, strings.NewReader(script), dump.RestoreSQLConfig{SingleTransaction: true, DryRun: !commit})
	if refused := (*dump.RestoreError)(nil); errors.As(err, &refused) {
		refused.Entry = "schema" // of which nobody has seen the lines
		return refused
	}
	return err
}
