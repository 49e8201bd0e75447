package link

// Version stands for the code of this package, and so for what it makes of an
// artifact: a file that was linked by other code is not mistaken for one of
// this. It is a hash, not a number, so that two changes that were made apart
// never have the same. A test says what it must be.
const Version = "bfc61e001277c22a"
