package pglite

import (
	"context"
	"fmt"
)

// Reload has PostgreSQL read its configuration files again, as SIGHUP and
// pg_reload_conf() do: postgresql.conf, pg_hba.conf and pg_ident.conf. New
// sessions go by them when it returns, present ones take the settings over with
// their next statement. The server log says what is wrong in the files: a
// setting that is wrong stays as it was, and so do all rules of a pg_hba.conf
// or pg_ident.conf that has a mistake.
//
// It needs no connection, so that it can mend rules that let nobody in.
func (db *DB) Reload(ctx context.Context) error {
	if db.isClosed() {
		return ErrClosed
	}
	if err := db.cluster.Reload(ctx); err != nil {
		return fmt.Errorf("pglite: reloading the configuration: %w", err)
	}
	return nil
}
