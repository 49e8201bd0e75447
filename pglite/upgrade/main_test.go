package upgrade_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(upgradeEnv) != "" {
		os.Exit(upgradeChild())
	}
	goleak.VerifyTestMain(m)
}
