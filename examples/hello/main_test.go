package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/stretchr/testify/require"
)

func TestHello(t *testing.T) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "colors")
	for range 2 { // the second time the table is there
		var out bytes.Buffer
		require.NoError(t, hello(t.Context(), dir, &out))
		require.Equal(t, "olive\n", out.String())
	}
}
