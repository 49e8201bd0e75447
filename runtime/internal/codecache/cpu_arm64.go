package codecache

import "golang.org/x/sys/cpu"

// cpuFeatures names what wazero's compiler looks at.
func cpuFeatures() string {
	if cpu.ARM64.HasATOMICS {
		return "atomics"
	}
	return ""
}
