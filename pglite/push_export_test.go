package pglite

// What a push hashes rows with.
const (
	FastRowHash = fastRowHash
	AnyRowHash  = anyRowHash
)
