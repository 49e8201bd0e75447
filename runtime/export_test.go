package runtime

// EncodingName is the name that a tool gets for the number of an encoding.
func EncodingName(n int) string { return encodingName(n) }
