package upgrade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/calfdb/calf/pglite"
)

// tryOut opens the new cluster as a user would. Settings of the old one with
// which it does not start are given up.
func (u *upgrader) tryOut(ctx context.Context) error {
	if err := keepHBA(u.paths.Dir, u.paths.Work); err != nil {
		return err
	}
	u.progress("starting the new cluster")
	open := func() error {
		c := u.database()
		c.Database = "template1"
		db, err := pglite.OpenConfig(ctx, c)
		if err != nil {
			return err
		}
		return db.Close()
	}
	err := open()
	if err == nil || len(u.plan.Settings) == 0 || ctx.Err() != nil {
		return err
	}
	auto := filepath.Join(u.paths.Work, "postgresql.auto.conf")
	if e := os.WriteFile(auto, nil, 0o600); e != nil {
		return errors.Join(err, e)
	}
	u.plan.Notes = append(u.plan.Notes, fmt.Sprintf("the settings %s are not kept: with them PostgreSQL does not start: %v",
		strings.Join(u.plan.Settings, ", "), err))
	u.plan.Settings = nil
	return open()
}

// keepHBA copies the rules of who may connect, if somebody changed them.
func keepHBA(from, to string) error {
	for _, name := range []string{"pg_hba.conf", "pg_ident.conf"} {
		was, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		now, err := os.ReadFile(filepath.Join(to, name))
		if err != nil {
			return err
		}
		if slices.Equal(rules(was), rules(now)) {
			continue
		}
		if err := os.WriteFile(filepath.Join(to, name), was, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// rules returns the lines of a file without comments, blanks and empty lines.
func rules(file []byte) []string {
	var list []string
	for line := range strings.Lines(string(file)) {
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			list = append(list, strings.Join(words, " "))
		}
	}
	return list
}
