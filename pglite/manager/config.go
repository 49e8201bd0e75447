package manager

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/calfdb/calf/pglite"
)

// Config configures a manager. Dir is required; the zero values of the others
// are ready to use.
type Config struct {
	// Dir is the folder of the databases, which is made if it does not exist.
	Dir string
	// MaxOpen is how many databases stay open; 0 means 8. Of more, those that
	// nobody uses are closed, beginning with the one whose last use is longest
	// ago. One that has a handle stays open, so that there are more while more
	// are used.
	MaxOpen int
	// IdleClose is how long a database stays open that nobody uses; 0 means five
	// minutes, and a negative duration for ever.
	IdleClose time.Duration
	// DB is how databases are opened: their settings, durability, server log and
	// so on. With DB.Upgrade, what PGlite 0.2 to 0.4 made is upgraded when it is
	// opened or imported. Dir and Load must be empty.
	DB pglite.Config
	// Logger gets what the manager does by itself, such as closing a database,
	// and what goes wrong then; nil discards it.
	Logger *slog.Logger
	// NewID makes ids of databases, messages and files; nil means 16 letters and
	// digits that are also a valid name of a host, as database.build has them.
	NewID func() string
}

const (
	defaultMaxOpen   = 8
	defaultIdleClose = 5 * time.Minute
)

// validate checks the configuration and fills in defaults.
func (c Config) validate() (Config, error) {
	switch {
	case c.Dir == "", strings.Contains(c.Dir, "://"):
		return c, fmt.Errorf("manager: Config.Dir %q is not a folder", c.Dir)
	case c.MaxOpen < 0:
		return c, fmt.Errorf("manager: Config.MaxOpen %d is negative", c.MaxOpen)
	case c.DB.Dir != "" || c.DB.Load != nil:
		return c, fmt.Errorf("manager: Config.DB must have neither Dir nor Load: those are the manager's")
	}
	if c.MaxOpen == 0 {
		c.MaxOpen = defaultMaxOpen
	}
	if c.IdleClose == 0 {
		c.IdleClose = defaultIdleClose
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.NewID == nil {
		c.NewID = newID
	}
	return c, nil
}

// newID returns a random id. 16 of the 26 characters of rand.Text, which are
// letters and digits, have 80 bits; a host's name begins with a letter.
func newID() string {
	for {
		if id := strings.ToLower(rand.Text()[:16]); 'a' <= id[0] && id[0] <= 'z' {
			return id
		}
	}
}
