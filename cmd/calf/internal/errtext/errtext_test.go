package errtext

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "opening x: no; and that", Line(errors.Join(errors.New("pglite: opening x: no"), errors.New("and that"))))
	require.Equal(t, "a pglite: b", Line(errors.New("a pglite: b\r\n")))
}
