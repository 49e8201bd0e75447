package relay_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/calfdb/calf/internal/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun(t *testing.T) {
	cause := errors.New("cause")
	write := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			if _, err := io.WriteString(w, text); err != nil {
				return fmt.Errorf("writing: %w", err)
			}
			return err
		}
	}
	var got string
	read := func(r io.Reader) error {
		b, err := io.ReadAll(r)
		got = string(b)
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		return nil
	}
	long := strings.Repeat("x", 1<<20)
	require.NoError(t, relay.Run(write(long, nil), read))
	require.Equal(t, long, got)
	require.Equal(t, cause, relay.Run(write("half", cause), read))
	require.Equal(t, "half", got)
	require.Equal(t, cause, relay.Run(write(long, nil), func(io.Reader) error { return cause }))
	require.NoError(t, relay.Run(write(long, nil), func(io.Reader) error { return nil }), "it needs no more")
	require.NoError(t, relay.Run(write("", nil), read))
}
