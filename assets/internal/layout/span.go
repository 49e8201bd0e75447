// Package layout describes files that hold many guest files one after the other: pglite.data, whose index PGlite
// keeps in its JavaScript, and extensions.data, which calf makes of the extension bundles.
package layout

import (
	"fmt"
	"path"
	"strings"
)

// Bounds of an index. PGlite's has 699 entries.
const (
	maxSpans = 100_000
	maxName  = 4096
)

// Span says where a guest file lies.
type Span struct {
	Name  string `json:"filename"`
	Start int64  `json:"start"`
	End   int64  `json:"end"`
}

// Check verifies that the spans, in their order, cover size bytes without a gap or an overlap, and that their names are
// clean absolute paths which can exist side by side in one file system.
func Check(spans []Span, size int64) error {
	if len(spans) > maxSpans {
		return fmt.Errorf("index has %d entries, allowed are %d", len(spans), maxSpans)
	}
	seen := make(map[string]bool, len(spans))
	var at int64
	for i, s := range spans {
		switch {
		case !path.IsAbs(s.Name) || s.Name == "/" || path.Clean(s.Name) != s.Name:
			return fmt.Errorf("index entry %d: %q is not a clean absolute path", i, s.Name)
		case len(s.Name) > maxName || strings.ContainsRune(s.Name, 0):
			return fmt.Errorf("index entry %d: its name is too long or has a zero byte", i)
		case seen[s.Name]:
			return fmt.Errorf("index entry %d: %s is listed twice", i, s.Name)
		case s.Start != at || s.End < s.Start || s.End > size:
			return fmt.Errorf("index entry %d: %s lies at %d to %d, but the last one ended at %d of %d", i, s.Name, s.Start, s.End, at, size)
		}
		seen[s.Name] = true
		at = s.End
	}
	if at != size {
		return fmt.Errorf("index ends at %d of %d bytes", at, size)
	}
	for _, s := range spans {
		for dir := path.Dir(s.Name); dir != "/"; dir = path.Dir(dir) {
			if seen[dir] {
				return fmt.Errorf("index lists %s both as a file and as the folder of %s", dir, s.Name)
			}
		}
	}
	return nil
}
