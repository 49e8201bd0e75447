package tarball

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func pack(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	tw := tar.NewWriter(gz)
	for _, h := range headers {
		// The content is as long as the header says, and all x.
		require.NoError(t, tw.WriteHeader(&h))
		_, err := tw.Write(bytes.Repeat([]byte("x"), int(h.Size)))
		require.NoError(t, err)
	}
	require.NoError(t, tw.Close())
	require.NoError(t, gz.Close())
	return out.Bytes()
}

// claim returns a tarball that ends after the header of a file of that size.
func claim(t testing.TB, size int64) []byte {
	t.Helper()
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	h := file("a", size)
	require.NoError(t, tar.NewWriter(gz).WriteHeader(&h))
	require.NoError(t, gz.Close())
	return out.Bytes()
}

func file(name string, size int64) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: size}
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	files, err := Unpack(t.Context(), pack(t,
		tar.Header{Name: "share/", Typeflag: tar.TypeDir},
		file("share/b.sql", 2), file("lib/a.so", 1), file("./lib/dotted", 1), file(".hidden", 1), file("lib/._a.so", 1),
	))
	require.NoError(t, err)
	require.Equal(t, []File{{"lib/a.so", []byte("x")}, {"share/b.sql", []byte("xx")}}, files)
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	whole := pack(t, file("lib/a.so", 100_000))
	tests := map[string]struct {
		bundle []byte
		want   string
	}{
		"nothing":       {nil, "broken or truncated"},
		"no gzip":       {[]byte("plain text"), "broken or truncated"},
		"truncated":     {whole[:len(whole)/2], "broken or truncated"},
		"upwards":       {pack(t, file("lib/../../a", 1)), "leads out"},
		"hidden dots":   {pack(t, file("../a", 1)), "leads out"},
		"absolute":      {pack(t, file("/lib/a", 1)), "leads out"},
		"backslash":     {pack(t, file(`lib\..\a`, 1)), "leads out"},
		"twice":         {pack(t, file("lib/a", 1), file("lib/a", 2)), "lib/a twice"},
		"twice, spelt":  {pack(t, file("lib/a", 1), file("lib//a", 2)), "lib/a twice"},
		"symbolic link": {pack(t, tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}), "not a regular file"},
		"hard link":     {pack(t, tar.Header{Name: "a", Typeflag: tar.TypeLink, Linkname: "b"}), "not a regular file"},
		"device":        {pack(t, tar.Header{Name: "a", Typeflag: tar.TypeChar}), "not a regular file"},
		"bomb":          {claim(t, maxBundle+1), "unpacks to more than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Unpack(t.Context(), test.bundle)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestUnpackHeedsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Unpack(ctx, pack(t, file("a", 1)))
	require.ErrorIs(t, err, context.Canceled)
}

func TestIdentifyRefuses(t *testing.T) {
	t.Parallel()
	_, _, err := Identify(t.Context(), pack(t, file("package/package.json", 3)))
	require.ErrorContains(t, err, "not an npm package")
	_, _, err = Identify(t.Context(), pack(t, file("package/dist/package.json", 3)))
	require.ErrorContains(t, err, "not an npm package")
}

func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, file("lib/a.so", 10), tar.Header{Name: "share/", Typeflag: tar.TypeDir}, file("share/b", 0)))
	f.Add(pack(f, file("../a", 1)))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, bundle []byte) {
		files, err := Unpack(t.Context(), bundle)
		if err != nil {
			return
		}
		for _, file := range files {
			require.False(t, escapes(file.Name) || hidden(file.Name) || file.Name == "")
		}
	})
}
