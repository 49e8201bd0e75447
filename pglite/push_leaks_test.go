package pglite_test

import (
	"testing"

	"go.uber.org/goleak"
)

func xTestMainPUSH(m *testing.M) { goleak.VerifyTestMain(m) }
