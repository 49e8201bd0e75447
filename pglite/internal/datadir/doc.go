// Package datadir is data directories on a disk: which version they are of, who
// has them locked, how they are begun, completed, exchanged and removed, and what
// archives of them have to look like.
package datadir
