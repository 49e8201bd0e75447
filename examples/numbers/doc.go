// Package numbers holds the benchmarks whose results the README shows.
//
//	go test -bench . ./examples/numbers
//	scripts/native-postgres go test -bench . ./examples/numbers
//
// With the second command, what a native PostgreSQL can do as well is done on it too, over a Unix-domain socket.
package numbers
