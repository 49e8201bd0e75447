package contents

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Plan decides which names the databases get. What PGlite's users had in
// template1, because PGlite 0.2 and 0.3 connected to that by default, goes to
// postgres, to which later releases connect.
func (c *Cluster) Plan() {
	for i := range c.Databases {
		c.Databases[i].Target = c.Databases[i].Name
	}
	template, postgres := c.database("template1"), c.database("postgres")
	if !c.usesTemplate1 || template == nil || template.Empty {
		return
	}
	if postgres != nil && !postgres.Empty {
		c.Notes = append(c.Notes, "there is something in the database postgres as well as in template1, so both keep their names; PGlite 0.2 and 0.3 connected to template1")
		return
	}
	template.Target = "postgres"
	c.Notes = append(c.Notes, "what is in the database template1 moves to postgres, to which PGlite 0.5 and calf connect")
	c.Databases = slices.DeleteFunc(c.Databases, func(db Database) bool { return db.Name == "postgres" })
}

// database returns a database by its name, or nil.
func (c *Cluster) database(name string) *Database {
	for i := range c.Databases {
		if c.Databases[i].Name == name {
			return &c.Databases[i]
		}
	}
	return nil
}

// Main returns the database that becomes postgres, or another one: new databases
// sort as it does.
func (c *Cluster) Main() *Database {
	for i := range c.Databases {
		if c.Databases[i].Target == "postgres" {
			return &c.Databases[i]
		}
	}
	return c.database("template1")
}

// IsInitial reports whether every cluster has a database of this name.
func IsInitial(name string) bool { return name == "postgres" || name == "template1" }

// DropDatabase drops a database that initdb made, to be made anew.
func DropDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	for _, sql := range []string{"ALTER DATABASE " + ident(name) + " WITH IS_TEMPLATE false", "DROP DATABASE " + ident(name)} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
