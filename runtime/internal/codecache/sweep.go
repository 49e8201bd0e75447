package codecache

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/calfdb/calf/internal/filelock"
)

const (
	// maxAge is how long an entry is kept that nobody uses.
	maxAge = 30 * 24 * time.Hour
	// maxSize is how much is kept at most, unless it has just been used: about
	// ten versions.
	maxSize = 1 << 30
	// busy is how long nobody takes for what he does with a file or folder.
	busy = time.Hour
)

// sweep removes from dir what is of no use any more, in the folders of all
// compilers. What cannot be removed stays: it is in the way of nobody.
func sweep(dir string, now time.Time) {
	type file struct {
		path string
		size int64
		age  time.Duration
	}
	var files []file
	folders, _ := filepath.Glob(filepath.Join(dir, folderPrefix+"*"))
	for _, folder := range folders {
		list, _ := os.ReadDir(folder)
		for _, e := range list {
			path := filepath.Join(folder, e.Name())
			info, err := e.Info()
			if err != nil {
				continue
			}
			switch age := now.Sub(info.ModTime()); {
			case info.Mode().IsRegular():
				files = append(files, file{path, info.Size(), age})
			case info.IsDir() && strings.HasPrefix(e.Name(), workPrefix) && age > busy:
				_ = os.RemoveAll(path)
			}
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.age, b.age) })
	var size int64
	for _, f := range files {
		switch {
		case f.age < busy || f.age < maxAge && size+f.size <= maxSize:
			size += f.size
		case strings.HasSuffix(f.path, lockEnding):
			if lock, err := filelock.Open(f.path); err == nil {
				_ = filelock.Remove(lock)
			}
		default:
			_ = os.Remove(f.path)
		}
	}
	for _, folder := range folders {
		if info, err := os.Stat(folder); err == nil && info.IsDir() && now.Sub(info.ModTime()) > busy {
			_ = os.Remove(folder) // if it is empty; another may just have made it
		}
	}
}
