package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/stretchr/testify/require"
)

func TestShow(t *testing.T) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	var out bytes.Buffer
	require.NoError(t, show(t.Context(), t.TempDir(), &out))
	require.Equal(t, `synchronous_commit = off
fsync = on
work_mem = 32MB
shared_preload_libraries = pg_stat_statements
extensions: pg_stat_statements pg_trgm plpgsql vector
`, out.String())
}
