package lock

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func valid() *Lock {
	return &Lock{Groups: []*Group{{
		Name: "guest", Prefix: "/pglite",
		Packages: []Package{{
			Name: "@scope/name", Version: "1.2.3", Integrity: "sha512-" + strings.Repeat("A", 86) + "==",
			Files: []File{
				{Path: "dist/a.data", Name: "a.data", SHA256: sum},
				{Path: "dist/a.js", IndexOf: "a.data", SHA256: sum},
			},
		}},
		Made: []File{{Name: "a.index.json", SHA256: sum}},
	}}}
}

func TestEncodeAndParse(t *testing.T) {
	t.Parallel()
	data, err := valid().Encode()
	require.NoError(t, err)
	l, err := Parse(data)
	require.NoError(t, err)
	require.Equal(t, valid(), l)
	require.Equal(t, valid().Groups[0].Digest(), l.Groups[0].Digest())
	_, err = Parse([]byte(`{"grups":[]}`))
	require.ErrorContains(t, err, "unknown field")
}

func TestDigestIsTheGroupsOwn(t *testing.T) {
	t.Parallel()
	l := valid()
	before := l.Groups[0].Digest()
	l.Groups = append(l.Groups, &Group{Name: "legacy"})
	require.Equal(t, before, l.Groups[0].Digest())
	l.Groups[0].Packages[0].Version = "1.2.4"
	require.NotEqual(t, before, l.Groups[0].Digest())
}

func TestValidateRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*Group)
		want   string
	}{
		"group name":         {func(g *Group) { g.Name = "../x" }, "group name"},
		"prefix":             {func(g *Group) { g.Prefix = "pglite/" }, "prefix"},
		"no packages":        {func(g *Group) { g.Packages = nil }, "no packages"},
		"package twice":      {func(g *Group) { g.Packages = append(g.Packages, g.Packages[0]) }, "listed twice"},
		"package as flag":    {func(g *Group) { g.Packages[0].Name = "--prefix" }, "malformed name"},
		"package as path":    {func(g *Group) { g.Packages[0].Name = "../x" }, "malformed name"},
		"version range":      {func(g *Group) { g.Packages[0].Version = "^1.0.0" }, "malformed version"},
		"version tag":        {func(g *Group) { g.Packages[0].Version = "latest" }, "malformed version"},
		"weak integrity":     {func(g *Group) { g.Packages[0].Integrity = "sha1-AAAA" }, "integrity"},
		"short integrity":    {func(g *Group) { g.Packages[0].Integrity = "sha512-AAAA" }, "integrity"},
		"path upwards":       {func(g *Group) { g.Packages[0].Files[0].Path = "../a" }, "path"},
		"path twice":         {func(g *Group) { g.Packages[0].Files[1].Path = "dist/a.data" }, "listed twice"},
		"name upwards":       {func(g *Group) { g.Made[0].Name = "../a" }, "cannot be stored"},
		"name of a drive":    {func(g *Group) { g.Made[0].Name = "C:a" }, "cannot be stored"},
		"name of manifest":   {func(g *Group) { g.Made[0].Name = ManifestName }, "cannot be stored"},
		"name among derived": {func(g *Group) { g.Made[0].Name = "derived/x" }, "cannot be stored"},
		"name twice":         {func(g *Group) { g.Made[0].Name = "a.data" }, "two files are stored"},
		"no name":            {func(g *Group) { g.Packages[0].Files[1].IndexOf = "" }, "neither stored nor an index"},
		"index of nothing":   {func(g *Group) { g.Packages[0].Files[1].IndexOf = "b.data" }, "not stored"},
		"negative size":      {func(g *Group) { g.Made[0].Size = -1 }, "has size -1"},
		"huge size":          {func(g *Group) { g.Made[0].Size = MaxFileSize + 1 }, "allowed are"},
		"short hash":         {func(g *Group) { g.Made[0].SHA256 = "ab" }, "malformed sha256"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := valid()
			test.change(l.Groups[0])
			require.ErrorContains(t, l.Validate(), test.want)
		})
	}
	twice := valid()
	twice.Groups = append(twice.Groups, valid().Groups[0])
	require.ErrorContains(t, twice.Validate(), "used twice")
}
