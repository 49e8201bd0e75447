package runtime

import (
	"crypto"
	_ "crypto/sha256" // the hashes that certificates are signed with
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
)

// SCRAM with channel binding (RFC 5802, and RFC 5929 for tls-server-end-point):
// the client proves that it has seen the certificate of this server.
const (
	scramSHA256     = "SCRAM-SHA-256"
	scramSHA256Plus = "SCRAM-SHA-256-PLUS"
	bindingHeader   = "p=tls-server-end-point,,"
)

// channelBinding returns what a client has to know of the connection, in base
// 64, or "" if channel binding cannot be had.
func (p *process) channelBinding() string {
	if p.tls() == nil {
		return ""
	}
	cert := p.identity().ServerCertificate()
	if cert == nil {
		return ""
	}
	h := bindingHash(cert.SignatureAlgorithm)
	if h == 0 {
		return ""
	}
	sum := h.New()
	sum.Write(cert.Raw)
	return base64.StdEncoding.EncodeToString(sum.Sum([]byte(bindingHeader)))
}

// bindingHash returns the hash of a signature, or what stands for one that is
// too weak. It is 0 if the signature has none.
func bindingHash(a x509.SignatureAlgorithm) crypto.Hash {
	switch a {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.DSAWithSHA256, x509.ECDSAWithSHA256:
		return crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		return crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		return crypto.SHA512
	}
	return 0
}

// scramMechanisms adds to what the server offers.
func (p *process) scramMechanisms(buf uint32) {
	if p.channelBinding() != "" {
		p.appendString(buf, scramSHA256Plus+"\x00")
	}
}

// scramMechanism returns 0 for the mechanism without channel binding, 1 for that
// with it and 2 for what was not offered.
func (p *process) scramMechanism(name uint32) uint64 {
	switch name := p.guest.CString(name); {
	case name == scramSHA256:
		return 0
	case name == scramSHA256Plus && p.channelBinding() != "":
		return 1
	}
	return 2
}

// scramUnbound is told that a client would bind the channel, and was not offered
// to: somebody in between took the offer out.
func (p *process) scramUnbound() {
	if p.channelBinding() != "" {
		p.ereport(report{
			level: levelError, code: invalidAuthorization, message: "SCRAM channel binding negotiation error",
			detail: "The client supports SCRAM channel binding but thinks the server does not.  " +
				"However, this server does support channel binding.",
		})
	}
}

// scramBinding compares what the client knows of the connection.
func (p *process) scramBinding(attribute uint32) {
	if p.guest.CString(attribute) != p.channelBinding() {
		p.ereport(report{level: levelError, code: invalidAuthorization, message: "SCRAM channel binding check failed"})
	}
}

// appendString is appendBinaryStringInfo (stringinfo.c).
func (p *process) appendString(buf uint32, s string) {
	text := p.guest.NewString(s)
	p.must("appendBinaryStringInfo", uint64(buf), uint64(text), uint64(len(s)))
	p.must("free", uint64(text))
}
