//go:build !race

package manager_test

const raced = false
