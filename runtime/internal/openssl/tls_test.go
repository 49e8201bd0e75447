package openssl_test

import (
	"crypto/tls"
	"testing"

	"github.com/calfdb/calf/runtime/internal/openssl"
	"github.com/stretchr/testify/require"
)

// The names are those of "openssl ciphers -v -stdname ALL:COMPLEMENTOFALL".
func TestTLS(t *testing.T) {
	t.Parallel()
	for version, want := range map[uint16]string{
		tls.VersionTLS10: "TLSv1", tls.VersionTLS11: "TLSv1.1", tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3",
	} {
		require.Equal(t, want, openssl.Version(version))
	}
	type cipher struct {
		name string
		bits uint32
	}
	for suite, want := range map[uint16]cipher{
		tls.TLS_AES_128_GCM_SHA256:                      {"TLS_AES_128_GCM_SHA256", 128},
		tls.TLS_AES_256_GCM_SHA384:                      {"TLS_AES_256_GCM_SHA384", 256},
		tls.TLS_CHACHA20_POLY1305_SHA256:                {"TLS_CHACHA20_POLY1305_SHA256", 256},
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA:        {"ECDHE-ECDSA-AES256-SHA", 256},
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:     {"ECDHE-ECDSA-AES128-GCM-SHA256", 128},
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256:       {"ECDHE-RSA-AES128-SHA256", 128},
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:       {"ECDHE-RSA-AES256-GCM-SHA384", 256},
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: {"ECDHE-RSA-CHACHA20-POLY1305", 256},
		tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA:         {"ECDHE-RSA-DES-CBC3-SHA", 112},
		tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA:              {"ECDHE-RSA-RC4-SHA", 128},
		tls.TLS_RSA_WITH_AES_128_CBC_SHA:                {"AES128-SHA", 128},
		tls.TLS_RSA_WITH_AES_256_GCM_SHA384:             {"AES256-GCM-SHA384", 256},
		tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA:               {"DES-CBC3-SHA", 112},
	} {
		require.Equal(t, want, cipher{openssl.Cipher(suite), openssl.Bits(suite)})
	}
}
