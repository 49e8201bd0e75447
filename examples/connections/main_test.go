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
	require.Equal(t, `bob sees 100, and 70 after alice's commit
bob hears on news: ada was paid
bob waits for alice's lock until his context ends: timeout: context deadline exceeded
his connection is closed: true
`, out.String())
}
