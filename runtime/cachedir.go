package runtime

import (
	"fmt"
	"os"
	"path/filepath"
)

// DefaultCacheDir returns the folder in which compiled code is kept by default:
// one in the user's cache folder.
func DefaultCacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("runtime: finding the cache folder (set Config.CacheDir): %w", err)
	}
	return filepath.Join(dir, "calf", "compiled"), nil
}
