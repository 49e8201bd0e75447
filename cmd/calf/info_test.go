package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	needsGuest(t)
	got := calf(t, "", "version", "--verbose", "--json")
	require.Equal(t, exitOK, got.status, got.stderr)
	var v versions
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &v))
	require.Contains(t, v.PostgreSQL, "PostgreSQL 18.")
	require.NotEmpty(t, v.PgVector)
	require.NotEmpty(t, v.Packages)
	require.NotEmpty(t, v.Calf)
	require.Regexp(t, `^v1\.`, v.Wazero)

	got = calf(t, "", "version")
	require.Equal(t, exitOK, got.status)
	require.Contains(t, got.stdout, "@electric-sql/pglite ")
	require.NotContains(t, got.stdout, "PostgreSQL")
}

func TestDoctor(t *testing.T) {
	needsGuest(t)
	got := calf(t, "", "doctor", "--json")
	require.Equal(t, exitOK, got.status, got.stdout)
	var report struct {
		Healthy bool
		Checks  []struct{ Check, Status, Detail string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &report))
	require.True(t, report.Healthy)
	require.Len(t, report.Checks, 8)
	require.Equal(t, "database", report.Checks[7].Check)
	require.Contains(t, report.Checks[7].Detail, "PostgreSQL 18.")
}

func TestDoctorFindsFaults(t *testing.T) {
	t.Setenv("CALF_ASSETS", t.TempDir())
	got := calf(t, "", "doctor")
	require.Equal(t, exitFailed, got.status)
	require.Regexp(t, `(?m)^fail  assets .*not installed`, got.stdout)
	require.Regexp(t, `(?m)^ +-> run .calf assets install.$`, got.stdout)
	require.Empty(t, got.stderr)
}

func TestAssetsInfo(t *testing.T) {
	needsGuest(t)
	got := calf(t, "", "assets", "info", "--json")
	require.Equal(t, exitOK, got.status, got.stderr)
	var info assetsInfo
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &info))
	require.NotEmpty(t, info.Files)
	require.NotEmpty(t, info.Packages)
}

func TestAssetsVendor(t *testing.T) {
	needsGuest(t)
	if raceEnabled {
		t.Skip("compressing takes minutes with the race detector")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/app\n"), 0o600))
	got := calf(t, "", "assets", "vendor", filepath.Join(dir, "internal", "postgres"))
	require.Equal(t, exitOK, got.status, got.stderr)
	require.Contains(t, got.stdout, `import _ "example.com/app/internal/postgres"`)
	require.FileExists(t, filepath.Join(dir, "internal", "postgres", "doc.go"))
}
