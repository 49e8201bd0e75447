package atomicdir

import (
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/calfdb/calf/internal/filelock"
)

const lockEnding = ".lock"

func workPrefix(target string) string {
	return filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+".tmp-")
}

func oldIn(work string) string { return filepath.Join(work, "old") }

// works lists the work folders beside target, whether their processes live or not.
func works(target string) []string {
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		return nil
	}
	var found []string
	seen := map[string]bool{}
	for _, e := range entries {
		work := filepath.Join(filepath.Dir(target), strings.TrimSuffix(e.Name(), lockEnding))
		if strings.HasPrefix(work, workPrefix(target)) && !seen[work] {
			seen[work] = true
			found = append(found, work)
		}
	}
	return found
}

// sweep removes the work folders of processes that are gone. What cannot be locked or removed stays: it is in the way
// of nobody.
func sweep(target string) {
	for _, work := range works(target) {
		lock, err := filelock.Open(work + lockEnding)
		if err != nil {
			continue
		}
		restore(target, work)
		// The lock goes last, so that a work folder without one is never found while its process lives.
		if os.RemoveAll(work) == nil {
			_ = filelock.Remove(lock)
		} else {
			_ = filelock.Unlock(lock)
		}
	}
}

// restore puts a tree that was moved aside back, if nothing has taken its place.
func restore(target, work string) {
	if _, err := os.Lstat(target); err == nil {
		return
	}
	if _, err := os.Lstat(oldIn(work)); err == nil {
		_ = os.Rename(oldIn(work), target)
	}
}

// Candidates yields the folders in which to look for the tree of target. Mostly the first will do; the others matter
// between the two steps of a replacement on a system that needs two, or when a kill came between them. As replacements
// may go on meanwhile, it repeats itself a few times.
func Candidates(target string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for range 5 {
			if !yield(target) {
				return
			}
			real, err := resolve(target)
			if err != nil {
				return
			}
			left := works(real)
			for _, work := range left {
				if !yield(oldIn(work)) {
					return
				}
			}
			if len(left) == 0 {
				yield(target)
				return
			}
		}
	}
}
