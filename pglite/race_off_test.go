//go:build !race

package pglite_test

const raced = false
