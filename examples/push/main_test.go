package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, "city: 2 rows, the same on both sides\n", out.String())
}
