// Package guest loads PostgreSQL and its pg_dump, once in a program.
package guest
