//go:build !amd64 && !arm64

package codecache

// cpuFeatures names what wazero's compiler looks at. It compiles for no other
// processors.
func cpuFeatures() string { return "" }
