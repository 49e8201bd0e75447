package inspect_test

import (
	"encoding/binary"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/pglite/inspect"
	"github.com/stretchr/testify/require"
)

// A directory of a 64-bit server is told from PGlite's by its control file; everything else is laid out alike.
func TestInspectDirectoryOf64Bits(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	const float8ByVal = 248 // offsetof(ControlFileData, float8ByVal)
	changeControl(t, dir, func(b []byte) {
		require.EqualValues(t, 0, b[float8ByVal])
		b[float8ByVal] = 1
	})
	info := look(t, dir, inspect.Options{Verify: true})
	require.Equal(t, inspect.PostgreSQL, info.Kind)
	require.Contains(t, info.Summary, "PostgreSQL 18 of a 64-bit server, which PGlite and calf cannot open")
	require.Empty(t, info.OpenedBy)
	require.Empty(t, info.Problems)
	require.EqualValues(t, 1000, relation(t, info, "item").Tuples.Live)
}

// A directory of another catalog version, as a beta of PostgreSQL makes it.
func TestInspectUnknownRelease(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	changeControl(t, dir, func(b []byte) { binary.LittleEndian.PutUint32(b[12:], 202505071) })
	info := look(t, dir, inspect.Options{})
	require.Equal(t, inspect.PostgreSQL, info.Kind)
	require.Contains(t, info.Summary, "no known release of PGlite")
	require.Empty(t, info.OpenedBy)
}

// TestInspectNative inspects what a native server's initdb makes. CALF_TEST_POSTGRES_BIN names its folder, else Debian's
// is looked for.
func TestInspectNative(t *testing.T) {
	t.Parallel()
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	if bin := os.Getenv("CALF_TEST_POSTGRES_BIN"); bin != "" {
		bins = []string{filepath.Join(bin, "initdb")}
	}
	if len(bins) == 0 {
		t.Skip("needs a native PostgreSQL")
	}
	initdb := bins[len(bins)-1]
	var major int
	version, err := osexec.Command(initdb, "--version").Output()
	require.NoError(t, err)
	_, err = fmt.Sscanf(string(version), "initdb (PostgreSQL) %d", &major)
	require.NoError(t, err)

	// initdb refuses to be root.
	parent, err := os.MkdirTemp("/tmp", "calf-native-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(parent) })
	dir := filepath.Join(parent, "data")
	cmd := osexec.Command(initdb, "-D", dir, "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums")
	if os.Getuid() == 0 {
		if err := osexec.Command("chown", "postgres", parent).Run(); err != nil {
			t.Skipf("this is root, and there is no user postgres: %v", err)
		}
		cmd.Path, err = osexec.LookPath("runuser")
		if err != nil {
			t.Skipf("this is root: %v", err)
		}
		cmd.Args = append([]string{"runuser", "-u", "postgres", "--"}, cmd.Args...)
	}
	cmd.Dir = parent
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))

	info := look(t, dir, inspect.Options{Verify: true})
	require.Equal(t, inspect.PostgreSQL, info.Kind)
	require.Equal(t, major, info.PostgreSQL)
	require.Contains(t, info.Summary, fmt.Sprintf("data directory of PostgreSQL %d of a 64-bit server", major))
	require.Empty(t, info.OpenedBy)
	require.Empty(t, info.Problems)
	require.True(t, info.Control.CRCValid)
	require.True(t, info.Control.Float8ByVal)
	require.True(t, info.Clean)
	require.True(t, info.WAL.CheckpointPresent)
	require.True(t, info.Verified.Checksums)
	require.Greater(t, info.Verified.Blocks, int64(2000))
	require.Zero(t, info.Verified.Bad)
}
