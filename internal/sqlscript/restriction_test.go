package sqlscript

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRestriction(t *testing.T) {
	t.Parallel()
	var r Restriction
	for _, tt := range []struct {
		name, arg, err string
		mine           bool
	}{
		{name: "connect", arg: "x"},
		{name: "unrestrict", arg: "a", mine: true, err: `there was no \restrict`},
		{name: "restrict", mine: true, err: "it takes a key"},
		{name: "restrict", arg: "a", mine: true},
		{name: "connect", arg: "x", err: `between \restrict and \unrestrict there are no other commands`},
		{name: "restrict", arg: "b", mine: true, err: `between \restrict and \unrestrict there are no other commands`},
		{name: "unrestrict", arg: "b", mine: true, err: "this is not the key"},
		{name: "unrestrict", arg: "a", mine: true},
		{name: "connect", arg: "x"},
	} {
		args, err := Arguments(tt.arg)
		require.NoError(t, err)
		mine, err := r.Command(tt.name, args)
		require.Equal(t, tt.mine, mine, tt)
		if tt.err == "" {
			require.NoError(t, err, tt)
		} else {
			require.EqualError(t, err, tt.err)
		}
	}
}
