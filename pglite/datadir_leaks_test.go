package pglite_test

import (
	"testing"

	"go.uber.org/goleak"
)

func xTestMainDATADIR(m *testing.M) { goleak.VerifyTestMain(m) }
