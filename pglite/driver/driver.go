// Package driver makes databases known to database/sql, under the name "calf", for
// programs that have nothing but a data source name in their configuration:
//
//	import _ "github.com/calfdb/calf/pglite/driver"
//
//	db, err := sql.Open("calf", "/var/lib/app/data?search_path=app")
//
// A data source name is a directory, which is made if it does not exist, or
// memory://, which is a new database for each [sql.Open] that is gone when the
// [sql.DB] is closed. What follows a question mark is a query as of a URL:
//
//   - user and database: whom and where connections are; postgres by default, and
//     neither is created
//   - durability: full (the default), relaxed or none; see [pglite.Durability]
//   - everything else: parameters of the sessions, such as search_path or
//     statement_timeout
//
// A question mark in the name of a directory is written %3F, and a percent sign %25;
// nothing else is decoded there.
//
// The database is opened by the first connection, whose context bounds that. All who
// have the same directory open in this process share one engine, and the last
// [sql.DB] that is closed shuts it down, which its Close waits for. They must agree
// on durability.
//
// A [sql.DB] opens as many connections as it is asked for at once; PostgreSQL refuses
// more than max_connections leaves, 97 by default, with SQLSTATE 53300. Call
// [sql.DB.SetMaxOpenConns]. Connections are those of pgx's package stdlib, and have the
// types of pgvector registered.
//
// A program that can call functions needs no driver: see [pglite.DB.SQL].
package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"

	"github.com/jackc/pgx/v5/stdlib"
)

// Name is what the driver is registered as.
const Name = "calf"

func init() { sql.Register(Name, Driver{}) }

// Driver is the driver. It is safe for concurrent use.
type Driver struct{}

var (
	_ driver.DriverContext = Driver{}
	_ io.Closer            = (*connector)(nil)
)

// Open opens a connection of its own, whose database is closed with it.
func (d Driver) Open(name string) (driver.Conn, error) {
	c, err := d.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	conn, err := c.Connect(context.Background())
	if err != nil {
		return nil, joined(err, c.(*connector))
	}
	return &lone{conn.(*stdlib.Conn), c.(*connector)}, nil
}

// OpenConnector reads a data source name, and opens nothing yet.
func (Driver) OpenConnector(name string) (driver.Connector, error) {
	source, err := parse(name)
	if err != nil {
		return nil, err
	}
	return &connector{source: source}, nil
}

// A lone connection is the only one of its connector.
type lone struct {
	*stdlib.Conn
	connector *connector
}

func (l *lone) Close() error { return joined(l.Conn.Close(), l.connector) }
