// Package backup writes data directories as archives: those of running databases,
// as PostgreSQL's base backups, and those that nobody has open.
package backup
