// Package render prints the results of queries, and the messages of the server,
// from PostgreSQL's text format.
//
// A [Printer] is a table as psql draws it ([NewTable]), comma-separated values
// ([NewCSV]) or JSON ([NewJSON]). CSV and JSON are written row by row. A table
// is kept in memory until its last row is known, because its widths depend on
// all rows.
package render
