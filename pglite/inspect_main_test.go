package pglite_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func xTestMainINSPECT(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		removeSample()
		os.Exit(status)
	}))
}
