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
	require.NoError(t, run(t.Context(), t.TempDir(), &out))
	require.Equal(t, `anna: {"rows":[["plum",1],["apple",3]],"success":true}
bert: {"error":"manager: running SQL on database \"bert\": too many rows: a result has more than 100; select fewer, with LIMIT for example","success":false}
open at most: 2
moved: 3 databases and 2 messages
bert still has 3 items
`, out.String())
}
