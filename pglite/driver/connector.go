package driver

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"maps"
	"sync"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5/stdlib"
)

// A connector opens the connections of one [sql.DB].
type connector struct {
	source source

	mu     sync.Mutex
	engine *engine // that it uses; nil is none yet
	inner  driver.Connector
	closed bool
}

func (c *connector) Driver() driver.Driver { return Driver{} }

// Connect opens a connection, and the database if that is the first.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	return inner.Connect(ctx)
}

// connect returns the connector to an engine. Others of this sql.DB wait while the
// first opens it.
func (c *connector) connect(ctx context.Context) (driver.Connector, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, pglite.ErrClosed
	}
	if c.inner != nil {
		return c.inner, nil
	}
	e := engineOf(c.source.dir)
	db, err := e.use(ctx, c.source)
	if err != nil {
		return nil, err
	}
	cfg, err := db.PoolConfig()
	if err != nil {
		return nil, errors.Join(err, e.leave())
	}
	c.engine = e
	conn := cfg.ConnConfig
	conn.User, conn.Database = cmp.Or(c.source.user, conn.User), cmp.Or(c.source.database, conn.Database)
	maps.Copy(conn.RuntimeParams, c.source.session)
	c.inner = stdlib.GetConnector(*conn, stdlib.OptionAfterConnect(cfg.AfterConnect))
	return c.inner, nil
}

// Close gives up the database, of which the connections have been closed.
func (c *connector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed, c.inner = true, nil
	e := c.engine
	c.engine = nil
	if e == nil {
		return nil
	}
	return e.leave()
}

// joined closes something after an error, or after none.
func joined(err error, c io.Closer) error { return errors.Join(err, c.Close()) }
