package openssl

import (
	"crypto/tls"
	"strings"
)

// Version returns the name of a version of TLS, such as TLSv1.3.
func Version(version uint16) string {
	return strings.TrimSuffix(strings.Replace(tls.VersionName(version), "TLS ", "TLSv", 1), ".0")
}

// Cipher returns the name of a cipher suite. Those of TLS 1.3 have the
// standard's names.
func Cipher(suite uint16) string {
	name := tls.CipherSuiteName(suite)
	exchange, cipher, old := strings.Cut(strings.TrimPrefix(name, "TLS_"), "_WITH_")
	if !old {
		return name
	}
	cipher = ciphers.Replace(cipher)
	if exchange != "RSA" {
		cipher = exchange + "-" + cipher
	}
	return strings.ReplaceAll(cipher, "_", "-")
}

// ciphers says what OpenSSL makes of the standard's names of ciphers.
var ciphers = strings.NewReplacer("AES_128_CBC", "AES128", "AES_256_CBC", "AES256", "AES_128", "AES128", "AES_256", "AES256",
	"POLY1305_SHA256", "POLY1305", "3DES_EDE_CBC", "DES_CBC3", "RC4_128", "RC4")

// Bits returns the length of a cipher suite's keys.
func Bits(suite uint16) uint32 {
	name := tls.CipherSuiteName(suite)
	switch {
	case strings.Contains(name, "_128_"):
		return 128
	case strings.Contains(name, "3DES"):
		return 112
	}
	return 256
}
