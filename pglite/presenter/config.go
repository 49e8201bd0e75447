package presenter

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"regexp"
	"time"
)

// Config configures a presenter. The zero value is ready to use.
type Config struct {
	// NoMigrate leaves the schema alone: New fails if the database is not at
	// the version that this package needs. For programs whose role may not
	// change tables.
	NoMigrate bool
	// Knowledge makes New migrate the database for knowledge bases, too
	// (schema.Knowledge), which takes pgvector. Without it their methods fail
	// with ErrKnowledge.
	Knowledge bool
	// Language is the text search configuration for Search: a name from
	// pg_ts_config, such as german, or simple, which knows no language; default
	// english. For each language that is used, New makes two indexes once.
	Language string
	// Logger gets what happens; nil discards it. Values of parameters, which may
	// be private, are never logged.
	Logger *slog.Logger
	// SlowQuery is the duration from which a statement is logged as slow, at
	// level Warn; 0 means 200 ms, which is long for any statement of this
	// package, and a negative one never.
	SlowQuery time.Duration
	// Retries is how often WithTx tries again after a conflict; 0 means 5, a
	// negative number never.
	Retries int
	// TxTimeout is how long a transaction of Begin may last; default a minute.
	TxTimeout time.Duration
	// Memory is how many bytes of texts one call may hold, of what it is given or
	// reads; more is ErrMemory. The work_mem of bulk loads, maintenance and
	// validation is lowered to an eighth of it, and their maintenance_work_mem to
	// a quarter, unless it is lower. WithMemory divides it among calls. 0 means
	// 512 MiB, and the least is MinMemory.
	Memory int64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// NewID makes ids that do not exist; nil means 26 random characters.
	NewID func() string

	// iterative says that pgvector can go on searching an index for what passes
	// a filter, which it learnt with version 0.8. New finds out.
	iterative bool
}

var languageName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,39}$`)

// validate checks the configuration and fills in defaults.
func (c Config) validate() (*Config, error) {
	if c.Language == "" {
		c.Language = "english"
	}
	if !languageName.MatchString(c.Language) {
		return nil, fmt.Errorf("presenter: Config.Language %q is not a name of up to 40 small letters, digits and _", c.Language)
	}
	if c.TxTimeout < 0 {
		return nil, fmt.Errorf("presenter: Config.TxTimeout %v is negative", c.TxTimeout)
	}
	if c.Memory == 0 {
		c.Memory = 512 << 20
	}
	if c.Memory < MinMemory {
		return nil, fmt.Errorf("presenter: Config.Memory %d is less than %d", c.Memory, MinMemory)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.SlowQuery == 0 {
		c.SlowQuery = 200 * time.Millisecond
	}
	if c.Retries == 0 {
		c.Retries = 5
	}
	if c.TxTimeout == 0 {
		c.TxTimeout = time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = rand.Text
	}
	return &c, nil
}

// id returns an id, a new one if there is none.
func (c *Config) id(id string) string {
	if id == "" {
		return c.NewID()
	}
	return id
}

// millis returns a time in milliseconds, now if it is zero.
func (c *Config) millis(t time.Time) int64 {
	if t.IsZero() {
		t = c.Now()
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
