package runtime

import "fmt"

// Offsets in struct HbaLine (hba.h), and values there.
const (
	hbaAuthMethod     = 296
	hbaUsermap        = 300
	hbaClientCert     = 356
	hbaClientCertName = 360

	authCert       = 12 // uaCert
	clientCertFull = 2
	clientCertDN   = 1
)

// invalidAuthorization is ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION.
const invalidAuthorization = "28000"

// clientCert is where ClientAuthentication (auth.c) demands a certificate: if
// the line of pg_hba.conf does so and the client has shown none, the session
// ends. It returns 1 where none can be asked for.
func (p *process) clientCert(port uint32) uint64 {
	g := p.guest
	switch id := p.identity(); {
	case g.Load32(g.Load32(port+portHBA)+hbaClientCert) == 0:
	case id == nil || !id.VerifiesClients():
		return 1
	case g.Bytes(port+portPeerCertValid, 1)[0] == 0:
		p.ereport(report{level: levelFatal, code: invalidAuthorization, message: "connection requires a valid client certificate"})
	}
	return 0
}

// certAuth is what follows the methods of ClientAuthentication: CheckCertAuth
// (auth.c), if a certificate has to name the client. It returns the status.
func (p *process) certAuth(port, status uint32) uint64 {
	g := p.guest
	hba := g.Load32(port + portHBA)
	alone := g.Load32(hba+hbaAuthMethod) == authCert
	if !alone && (status != statusOK || g.Load32(hba+hbaClientCert) != clientCertFull) {
		return uint64(status)
	}
	user := g.CString(g.Load32(port + portUserName))
	log := func(format string) { p.ereport(report{level: levelLog, message: fmt.Sprintf(format, user)}) }
	what, name := "CN", g.Load32(port+portPeerCN)
	if g.Load32(hba+hbaClientCertName) == clientCertDN {
		what, name = "DN", g.Load32(port+portPeerDN)
	}
	if name == 0 {
		log("certificate authentication failed for user \"%s\": client certificate contains no user name")
		return statusError
	}
	if alone {
		dn := g.Load32(port + portPeerDN)
		if dn == 0 {
			log("certificate authentication failed for user \"%s\": unable to retrieve subject DN")
			return statusError
		}
		p.must("set_authn_id", uint64(port), uint64(dn))
	}
	result := p.checkUsermap(port, name)
	if result != statusOK && !alone {
		log("certificate validation (clientcert=verify-full) failed for user \"%s\": " + what + " mismatch")
	}
	return result
}

// hbaCert reports a line of pg_hba.conf with the method cert that is not
// hostssl, in the server log and in the variable of parse_hba_line (hba.c).
func (p *process) hbaCert(level, message, line, file uint32) {
	const text = "cert authentication is only supported on hostssl connections"
	g := p.guest
	p.ereport(report{
		level: level, code: "F0000", message: text,
		context: fmt.Sprintf(`line %d of configuration file "%s"`, line, g.CString(file)),
	})
	s := g.NewString(text)
	g.Store32(message, uint32(p.must("pstrdup", uint64(s))))
	p.must("free", uint64(s))
}
