package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/stretchr/testify/require"
)

func TestChat(t *testing.T) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	var out bytes.Buffer
	require.NoError(t, chat(t.Context(), filepath.Join(t.TempDir(), "data"), &out))
	require.Equal(t, "Planets: Why is Mars red?\nplanets.md: # Mars\nMars is red, for its dust is full of rust.\n", out.String())
}
