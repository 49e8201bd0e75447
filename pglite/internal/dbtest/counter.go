package dbtest

// A ByteCount counts what is written to it.
type ByteCount int64

// Write counts.
func (c *ByteCount) Write(p []byte) (int, error) {
	*c += ByteCount(len(p))
	return len(p), nil
}
