// Package upgrade makes data directories of PGlite 0.2, 0.3 and 0.4, which are of
// PostgreSQL 16 and 17, ones of the version that this program runs. See [Run];
// [DryRun] tells what it would do, and [Directory] does it when a database is
// opened.
package upgrade
