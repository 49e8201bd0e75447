// Package push moves a database to a PostgreSQL server. It says beforehand what
// hinders, compares what it moved, and goes on where it was interrupted. See
// [Run].
package push
