// Package sqlscript takes an SQL script apart, as psql does.
//
// A [Scanner] returns one piece after the other: statements, the backslash
// commands of psql, and the blank rest. It reads no further than the line on
// which a piece ends, so that a script can be typed, or piped by a program that
// waits for answers, and so that the data of COPY FROM STDIN, which follows on
// the next line, is left for [Scanner.Data].
//
// Where a statement ends follows from the same rules as in psql: at a semicolon
// outside quotes, comments, parentheses and the BEGIN ... END bodies of
// functions. There is one deliberate difference: a string constant that goes on
// after a line break has the escapes of its first part, as the server has it.
package sqlscript
