// Package inspect says what a data directory or an archive of one holds, and what
// is wrong with it, without starting PostgreSQL. Of anything else it says what it
// is. See [Path].
package inspect
