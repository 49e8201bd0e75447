package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	o := options{
		dir:       filepath.Join(t.TempDir(), "data"),
		goroot:    fakeRoot(t),
		questions: []string{"where is water", "how do I mix colors?"},
	}
	for range 2 { // the second run starts afresh in the same directory
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), o, &out))
		require.Contains(t, out.String(), "8 rows of 2 packages")
		require.Contains(t, out.String(), "\n  deep/sea: Package sea holds water.\n")
		require.Contains(t, out.String(), "\n  color.Palette.Mix: Mix mixes all colors into one.\n")
		require.Contains(t, out.String(), "gives the same answers")
	}
}

func TestRunSaysWhatFailed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := run(t.Context(), options{goroot: t.TempDir(), dir: t.TempDir(), questions: questions}, &out)
	require.ErrorContains(t, err, "read the standard library")
	require.Contains(t, out.String(), "failed")
}
