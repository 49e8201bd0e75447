package dump

// Progress tells how far a long operation is.
type Progress struct {
	// Phase is what is being done, for people to read.
	Phase string
	// Done and Total are numbers of bytes. Total is what is known so far: it
	// grows with what is written to the database meanwhile.
	Done, Total int64
}
