package codecache

import "golang.org/x/sys/cpu"

// cpuFeatures names what wazero's compiler looks at.
func cpuFeatures() (names string) {
	if cpu.X86.HasSSE41 {
		names += "sse41"
	}
	if cpu.X86.HasBMI1 {
		names += "bmi1"
	}
	if cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT { // with which it takes LZCNT for granted
		names += "abm"
	}
	return names
}
