package openssl_test

import (
	"encoding/hex"
	"testing"

	"github.com/calfdb/calf/runtime/internal/openssl"
	"github.com/stretchr/testify/require"
)

// The names were made and written by "openssl x509 -subject -nameopt RFC2253".
func TestNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, raw, rfc2253, line, common string }{
		{
			"Many", "308181310b300906035504061302444531163014060355040a0c0d4772c3b6c39f652c20496e632e311b3008060355040b0c0161300f060a0992268993f22c6401010c0137310c300a06035504030c03616461310f300d06035504030c067365636f6e64311e301c06092a864886f70d010901160f616461406578616d706c652e6f7267",
			`emailAddress=ada@example.org,CN=second,CN=ada,UID=7+OU=a,O=Gr\C3\B6\C3\9Fe\, Inc.,C=DE`,
			`/C=DE/O=Größe\, Inc./OU=a/UID=7/CN=ada/CN=second/emailAddress=ada@example.org`, "ada",
		},
		{
			"Special", "302a3113301106035504030c0a20237822795c7a3b3c3e31133011060a0992268993f22c64011916036f7267",
			`DC=org,CN=\ #x\"y\\z\;\<\>`, `/CN=\ #x\"y\\z\;\<\>/DC=org`, ` #x"y\z;<>`,
		},
		{"None", "3000", "", "", ""},
		{"Unknown", "3010310e300c06042a0304050c0461626364", "1.2.3.4.5=#0C0461626364", "/1.2.3.4.5=abcd", ""},
		{"Zero", "300e310c300a06035504030c03610062", `CN=a\00b`, `/CN=a\00b`, ""},
		{"NoString", "300e310c300a06035504030403610062", `CN=#0403610062`, `/CN=#0403610062`, ""},
		{"Wide", "300f310d300b06035504031e0400e90078", `CN=\C3\A9x`, `/CN=éx`, "éx"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw := unhex(t, tt.raw)
			got, err := openssl.RFC2253(raw)
			require.NoError(t, err)
			require.Equal(t, tt.rfc2253, got)
			got, err = openssl.OneLine(raw)
			require.NoError(t, err)
			require.Equal(t, tt.line, got)
			got, err = openssl.CommonName(raw)
			require.NoError(t, err)
			require.Equal(t, tt.common, got)
		})
	}
	for _, bad := range []string{"", "30", "300131", "300000"} {
		_, err := openssl.RFC2253(unhex(t, bad))
		require.ErrorContains(t, err, "openssl: parsing a name", bad)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func FuzzNames(f *testing.F) {
	f.Add([]byte("0\x0e1\x0c0\n\x06\x03U\x04\x03\x0c\x03a\x00b"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, err := openssl.RFC2253(raw)
		_, err2 := openssl.OneLine(raw)
		require.Equal(t, err == nil, err2 == nil)
	})
}
