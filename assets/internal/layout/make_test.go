package layout

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets/internal/lock"
)

func TestNames(t *testing.T) {
	t.Parallel()
	name, ok := BundleName(BundleFile("uuid-ossp"))
	require.True(t, ok)
	require.Equal(t, "uuid-ossp", name)
	for _, other := range []string{"pglite.wasm", "bundles/.tar.gz", "bundles/a/b.tar.gz", "bundles/a.zip", "a.tar.gz"} {
		_, ok := BundleName(other)
		require.False(t, ok, other)
	}
	require.Equal(t, "pglite.index.json", IndexFile("pglite.data"))
}

func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	g := &lock.Group{Prefix: "/pglite"}
	const loader = `x({files:[{filename:"/a",start:0,end:1}],remote_package_size:1})`
	tests := map[string]struct {
		stored map[string][]byte
		want   string
	}{
		"data of another size": {map[string][]byte{"pglite.data": []byte("ab")}, "pglite.index.json: index ends at 1 of 2"},
		"no data":              {nil, "pglite.index.json: index entry 0"},
		"broken bundle": {
			map[string][]byte{"pglite.data": []byte("a"), "bundles/x.tar.gz": []byte("no")},
			"bundles/x.tar.gz: it is broken or truncated"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Make(t.Context(), g, test.stored, map[string][]byte{"pglite.data": []byte(loader)})
			require.ErrorContains(t, err, test.want)
		})
	}
}
