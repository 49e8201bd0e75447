// Package archtest holds the tests of what no single package can check: which way imports point, that what is public is
// documented, and that the README's code is code that runs.
package archtest
