//go:build race

package manager_test

// raced tells that the race detector is on, with which calls between the guest
// and the host take several times as long.
const raced = true
