package runtime

import (
	"fmt"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/internal/openssl"
)

// Offsets in struct PgBackendStatus (backend_status.h), its size, and how many
// there are beside those of MaxBackends (NUM_AUXILIARY_PROCS).
const (
	statusSSL     = 196 // st_sslstatus
	sizeofStatus  = 408
	auxiliaryProc = 38
)

// Layout of struct PgBackendSSLStatus: the bits, then five strings.
const (
	sslBits     = 0
	sslVersion  = 4
	sslCipher   = sslVersion + nameDataLen
	sslClientDN = sslCipher + nameDataLen
	sslSerial   = sslClientDN + nameDataLen
	sslIssuerDN = sslSerial + nameDataLen
	nameDataLen = 64
	sizeofSSL   = link.SizeofSSLStatus
)

// shareSSLStatus makes the part of BackendStatusShmemInit (backend_status.c)
// that the build has not: each backend's entry points to a place for what
// pg_stat_ssl shows. The postmaster does it before there is another process.
func shareSSLStatus(g *emscripten.Guest) error {
	n := g.Load32(g.Address("MaxBackends")) + auxiliaryProc
	found := g.Malloc(1)
	at, err := g.Call("ShmemInitStruct", uint64(g.NewString("Backend SSL Status Buffer")), uint64(n*sizeofSSL), uint64(found))
	if err != nil {
		return fmt.Errorf("sharing the state of TLS: %w", err)
	}
	entries := g.Load32(g.Address("BackendStatusArray"))
	for i := range n {
		g.Store32(entries+i*sizeofStatus+statusSSL, uint32(at)+i*sizeofSSL)
	}
	return nil
}

// sslStatus is the part of pgstat_bestart_security that the build has not. It
// returns 1 if the connection is encrypted.
func (p *process) sslStatus(entry uint32) uint64 {
	state := p.tls()
	if state == nil {
		return 0
	}
	g := p.guest
	status := g.Load32(entry + statusSSL)
	clear(g.Bytes(status, sizeofSSL))
	put := func(at uint32, s string) { copy(g.Bytes(status+at, nameDataLen-1), s) }
	g.Store32(status+sslBits, openssl.Bits(state.CipherSuite))
	put(sslVersion, openssl.Version(state.Version))
	put(sslCipher, openssl.Cipher(state.CipherSuite))
	if cert := verified(state); cert != nil {
		subject, _ := openssl.OneLine(cert.RawSubject)
		issuer, _ := openssl.OneLine(cert.RawIssuer)
		put(sslClientDN, subject)
		put(sslSerial, cert.SerialNumber.String())
		put(sslIssuerDN, issuer)
	}
	return 1
}

// authorized completes what log_connections says of a connection.
func (p *process) authorized(buf uint32) {
	if state := p.tls(); state != nil {
		p.appendString(buf, fmt.Sprintf(" SSL enabled (protocol=%s, cipher=%s, bits=%d)",
			openssl.Version(state.Version), openssl.Cipher(state.CipherSuite), openssl.Bits(state.CipherSuite)))
	}
}
