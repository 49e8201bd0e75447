// Package crash holds the tests of what survives. They crash clusters in every
// way that can be had without pulling a plug, start them again, and compare
// what is there with what COMMIT had acknowledged.
//
//   - TestPowerCuts cuts the power at a random operation on a disk that loses
//     what was not synced and tears pages (runtime/vfs/vfstest).
//   - TestKills kills a program with SIGKILL at a random moment.
//   - TestFaults makes the N-th operation on a file fail, for each N.
//   - TestFullDisk, TestFailedSync and others look at one thing each.
//
// Each time, all B-trees and tables are checked with amcheck and all pages
// against their checksums.
//
//	make crash                                                       # all of it: 500 power cuts, 200 kills, every N
//	CALF_CRASH_SEEDS=5000 go test -run TestPowerCuts -timeout 0 ./crash
//	CALF_CRASH_SEED=17 go test -run TestPowerCuts -v ./crash         # once more with this seed
//
// `make test` runs some seeds of each. A test that fails prints its seed. Odd
// seeds of TestPowerCuts have one thing happen at a time, and repeat exactly;
// even ones have sessions and background processes that run at the same time,
// and may not. If CALF_CRASH_KEEP names a folder, what the power cut has left is
// written there, to be looked at.
package crash
