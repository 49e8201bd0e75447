// Package libraries tests that other people's libraries do with calf what they do with a PostgreSQL server. It is a module
// of its own, so that nobody who uses calf pays for them.
//
// One file holds one library: first how it is opened on a database in this process, which is what a program would write,
// then what a program does with it. Each test runs on calf in memory and over TCP, and on a native server if
// CALF_TEST_POSTGRES_URL names one, where what it expects is proven:
//
//	make libraries
//	scripts/native-postgres go -C conformance/libraries test ./...
package libraries
