// Package session runs scripts on a PostgreSQL connection, as psql does.
//
// Statements go to the server one by one, in the simple query protocol. What
// comes back decides what happens: rows go to a printer, messages to the
// standard error output, and when the server asks for the data of COPY FROM
// STDIN, it gets what follows in the script.
package session
