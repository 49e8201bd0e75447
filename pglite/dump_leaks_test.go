package pglite_test

import (
	"testing"

	"go.uber.org/goleak"
)

func xTestMainDUMP(m *testing.M) { goleak.VerifyTestMain(m) }
