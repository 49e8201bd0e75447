package render

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDisplayWidth(t *testing.T) {
	t.Parallel()
	for r, want := range map[rune]int{
		0: 0, 1: -1, '\x1f': -1, ' ': 1, '~': 1, 0x7f: -1, 0x9f: -1, 0xa0: 1, 0xad: 0, 'é': 1,
		0x2ff: 1, 0x300: 0, 0x20dd: 0, 0x200b: 0, 0x200d: 0, 0xfeff: 0,
		'名': 2, 'ア': 2, 'ｱ': 1, '한': 2, 'Ａ': 2, '😀': 2, '⏰': 2, '☃': 1, 0x2fffd: 2, 0x10ffff: 1,
	} {
		require.Equal(t, want, displayWidth(r), "%U", r)
	}
}
