package runtime

import "runtime"

// compilationWorkers is how many functions are compiled at a time.
func compilationWorkers() int { return runtime.GOMAXPROCS(0) }
