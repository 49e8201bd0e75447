package vfs_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

func TestWalk(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]vfs.Volume{"memory": vfs.NewMemory(0), "host": newHost(t, t.TempDir())} {
		t.Run(name, func(t *testing.T) {
			for _, dir := range []string{"b", "b/d", "skipped", "skipped/x", "gone"} {
				require.NoError(t, v.Mkdir(dir, 0o700))
			}
			for _, file := range []string{"a", "b/c", "b/d/e", "f"} {
				h, err := v.Open(file, vfs.O_WRONLY|vfs.O_CREAT, 0o600)
				require.NoError(t, err)
				require.NoError(t, h.Close())
			}
			require.NoError(t, v.Symlink("b", "link"))
			var names []string
			require.NoError(t, vfs.Walk(v, ".", func(name string, st vfs.Stat) error {
				names = append(names, name)
				require.Equal(t, name == "link", st.IsLink())
				switch name {
				case "skipped":
					return fs.SkipDir
				case "gone": // while it is being listed
					return v.Rmdir("gone")
				}
				return nil
			}))
			require.Equal(t, []string{"a", "b", "b/c", "b/d", "b/d/e", "f", "gone", "link", "skipped"}, names)

			names = nil
			require.NoError(t, vfs.Walk(v, "b", func(name string, _ vfs.Stat) error {
				names = append(names, name)
				return nil
			}))
			require.Equal(t, []string{"b/c", "b/d", "b/d/e"}, names)

			enough := errors.New("enough")
			require.Equal(t, enough, vfs.Walk(v, ".", func(name string, _ vfs.Stat) error {
				if name == "b/d/e" {
					return enough
				}
				return nil
			}))
			assertErrno(t, vfs.ENOENT, vfs.Walk(v, "missing", func(string, vfs.Stat) error { return nil }))
		})
	}
}
