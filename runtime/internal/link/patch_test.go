package link

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPatch(t *testing.T) {
	t.Parallel()
	original := cat(op(1, 2, 0x7f), i32c(42), op(opDrop), i32c(7), op(opEnd))
	for _, tt := range []struct {
		name      string
		patch     patch
		want      []byte
		wantError string
	}{
		{
			"replace", patch{kind: replace, old: i32c(42), new: cat(i32c(1), i32c(2), op(opI32Add))},
			cat(op(1, 2, 0x7f), i32c(1), i32c(2), op(opI32Add, opDrop), i32c(7), op(opEnd)), "",
		},
		{"replace by nothing", patch{kind: replace, old: cat(i32c(42), op(opDrop))}, cat(op(1, 2, 0x7f), i32c(7), op(opEnd)), ""},
		{"replace what is not there", patch{kind: replace, old: i32c(43)}, nil, "bytes to patch occur 0 times"},
		{"replace what is there twice", patch{kind: replace, old: op(opI32Const)}, nil, "bytes to patch occur 2 times"},
		{
			"replace all", patch{kind: replace, old: op(opI32Const), new: op(opI64Const), times: 2},
			bytes.ReplaceAll(original, op(opI32Const), op(opI64Const)), "",
		},
		{"replace too few", patch{kind: replace, old: op(opI32Const), times: 3}, nil, "bytes to patch occur 2 times"},
		{"replace nothing", patch{kind: replace}, nil, "occur"},
		{
			"enter", patch{kind: enter, new: callf(3)},
			cat(op(1, 2, 0x7f), callf(3), i32c(42), op(opDrop), i32c(7), op(opEnd)), "",
		},
		{
			"enter a known function", patch{kind: enter, old: cat(op(1, 2, 0x7f), i32c(42)), new: callf(3)},
			cat(op(1, 2, 0x7f), callf(3), i32c(42), op(opDrop), i32c(7), op(opEnd)), "",
		},
		{"enter another function", patch{kind: enter, old: op(1, 3)}, nil, "function does not begin with 01 03"},
		{"rebody", patch{kind: rebody, new: i32c(1)}, cat(op(0), i32c(1), op(opEnd)), ""},
		{"rebody a known function", patch{kind: rebody, old: op(1, 2), new: i32c(1)}, cat(op(0), i32c(1), op(opEnd)), ""},
		{"rebody another function", patch{kind: rebody, old: op(0), new: i32c(1)}, nil, "function does not begin with 00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := cat(original)
			got, err := tt.patch.apply(in)
			require.Equal(t, original, in, "the input is left alone")
			if tt.wantError != "" {
				require.ErrorContains(t, err, tt.wantError)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
	_, err := (&patch{kind: enter}).apply(op(0x80))
	require.ErrorIs(t, err, errTruncated)
}
