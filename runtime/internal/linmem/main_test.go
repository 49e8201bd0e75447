package linmem_test

import (
	"os"
	"testing"

	"github.com/calfdb/calf/runtime/internal/linmem"
)

func TestMain(m *testing.M) {
	linmem.SetHeadroom(6 * page) // so that what grows in a test mostly moves
	os.Exit(m.Run())
}
