// Package inmemory configures pgx for connections within the process.
package inmemory

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// inMemory is a connection string for a database in this process. What the
// environment says about servers is not about this one.
const inMemory = "host=calf port=5432 sslmode=disable user=postgres password='' database=postgres passfile='' " +
	"connect_timeout=0 target_session_attrs=any sslrootcert='' channel_binding=disable require_auth='' min_protocol_version=3.0"

// Config returns what pgx needs to connect to a database in this process: what dial gives it.
func Config(user, database string, dial pgconn.DialFunc) *pgx.ConnConfig {
	cfg, err := Parse(pgx.ParseConfig)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	clear(cfg.RuntimeParams) // of PGAPPNAME, PGOPTIONS and PGTZ
	cfg.User, cfg.Database = user, database
	cfg.Fallbacks = nil
	cfg.DialFunc = dial
	cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return cfg
}

// Parse parses inMemory. If PGSERVICE is set, pgx wants to find that
// service in a file, whatever the connection string says: it gets one.
func Parse[Config any](parse func(string) (Config, error)) (cfg Config, err error) {
	if os.Getenv("PGSERVICE") == "" {
		return parse(inMemory)
	}
	f, err := os.CreateTemp("", "calf-service-")
	if err != nil {
		return cfg, err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString("[calf]\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return cfg, err
	}
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	return parse(inMemory + " service=calf servicefile='" + quote.Replace(f.Name()) + "'")
}
