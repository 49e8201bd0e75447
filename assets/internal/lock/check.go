package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Check compares content with the pinned size and hash. The error names both.
func (f File) Check(content []byte) error {
	if int64(len(content)) != f.Size {
		return fmt.Errorf("it has %d bytes, expected %d", len(content), f.Size)
	}
	if sum := Sum(content); sum != f.SHA256 {
		return fmt.Errorf("its sha256 is %s, expected %s", sum, f.SHA256)
	}
	return nil
}

// Sum returns the sha256 of content in hex.
func Sum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
