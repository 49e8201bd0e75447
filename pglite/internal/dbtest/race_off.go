//go:build !race

package dbtest

// Raced tells whether the race detector is on.
const Raced = false
