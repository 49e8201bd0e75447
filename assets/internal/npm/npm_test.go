package npm

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReason(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ stderr, want string }{
		"silent":      {"", ""},
		"version":     {"npm error code ETARGET\nnpm error notarget No matching version found for x@9.\n", "notarget No matching version found for x@9."},
		"older npm":   {"npm ERR! code E404\nnpm ERR! 404 Not Found\n", "404 Not Found"},
		"only codes":  {"npm error code EACCES\nnpm error errno -13\n", "errno -13"},
		"not npm's":   {"sh: node: not found\n\n", "sh: node: not found"},
		"warnings":    {"npm warn old\nnpm error\nnpm error network request failed\r\n", "network request failed"},
		"terminal":    {"npm error \x1b]0;x\x07gone\n", "]0;xgone"},
		"endless":     {"npm error " + strings.Repeat("x", 1000), strings.Repeat("x", 290) + "…"},
		"broken text": {"npm error \xff\xfe!", "\ufffd\ufffd!"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, reason(test.stderr))
		})
	}
}

func TestHeadKeepsTheBeginning(t *testing.T) {
	t.Parallel()
	var h head
	for range 100 {
		n, err := h.Write(make([]byte, 1000))
		require.NoError(t, err)
		require.Equal(t, 1000, n)
	}
	require.Len(t, h.String(), 64<<10)
}
