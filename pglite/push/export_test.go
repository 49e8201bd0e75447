package push

// What a push hashes rows with.
const (
	FastRowHash = fastRowHash
	AnyRowHash  = anyRowHash
)
